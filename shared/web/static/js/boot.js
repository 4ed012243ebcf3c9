// Runs before the page is painted: styles may now count on scripts.
document.documentElement.classList.add("js");

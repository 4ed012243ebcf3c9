// Forms answer in place, keys do what buttons say, long work shows how far it has come.
// Everything works without this script, a page at a time.
(() => {
  "use strict";
  const POLL_MS = 700;
  const headers = () => ({
    accept: "text/html",
    "hx-request": "true",
    "hx-current-url": location.href,
  });

  // The field that a person looks at next: the first fault, else the one marked.
  function aim() {
    const main = document.getElementById("main");
    const target = main.querySelector("[aria-invalid]") || main.querySelector("[autofocus]");
    if (!target) return;
    target.focus({ preventScroll: target.matches(".box") });
    if (typeof target.select === "function" && target.type !== "file") target.select();
  }

  // A chosen file stays chosen: the new page's empty field gives way to the old one.
  function keepFiles(from, to) {
    for (const old of from.querySelectorAll("input[type=file]")) {
      const fresh = old.name && to.querySelector(`input[type=file][name="${CSS.escape(old.name)}"]`);
      if (!fresh || !old.files.length) continue;
      for (const name of ["aria-invalid", "aria-describedby"]) {
        if (fresh.hasAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
        else old.removeAttribute(name);
      }
      fresh.replaceWith(old);
    }
  }

  async function show(answer) {
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = next.getElementById("main");
    if (!fresh) throw new Error("the answer is not a page");
    if (answer.redirected) history.pushState({}, "", answer.url);
    const main = document.getElementById("main");
    keepFiles(main, fresh);
    const lost = document.getElementById("lost");
    if (lost) { lost.hidden = true; document.body.append(lost); }
    main.replaceChildren(...fresh.childNodes);
    document.title = next.title;
    const [language, other] = [document, next].map((page) => page.querySelector(".language"));
    if (language && other) language.setAttribute("href", other.getAttribute("href"));
    if (answer.redirected) window.scrollTo(0, 0);
    begin();
  }

  async function go(address) {
    const answer = await fetch(address, { headers: headers(), cache: "no-store" });
    if (leave(answer)) return;
    if (!answer.redirected) history.pushState({}, "", address);
    await show(answer);
  }

  function leave(answer) {
    const address = answer.headers.get("hx-redirect");
    if (address) location.assign(address);
    return Boolean(address);
  }

  async function send(form, submitter) {
    const body = new FormData(form, submitter);
    const asForm = form.enctype === "multipart/form-data" ? body : new URLSearchParams(body);
    return fetch(form.action, { method: "POST", body: asForm, headers: headers(), cache: "no-store" });
  }

  // What was wrong last time is no longer said of what is being sent now.
  function forgive(form) {
    for (const fault of form.querySelectorAll(".fault")) fault.remove();
    for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    for (const done of form.querySelectorAll("[data-done]")) done.hidden = true;
  }

  function busy(form, on) {
    if (on) forgive(form);
    form.toggleAttribute("data-busy", on);
    for (const button of form.querySelectorAll("button")) {
      if (on) button.setAttribute("aria-busy", "true");
      else button.removeAttribute("aria-busy");
    }
  }

  // While the form's work is done elsewhere, its line says how far it is.
  function watch(form) {
    const line = form.querySelector("[data-progress]");
    if (!line) return () => {};
    line.hidden = false;
    const timer = setInterval(async () => {
      try {
        const answer = await fetch(line.dataset.progress, { headers: headers(), cache: "no-store" });
        if (answer.ok) line.innerHTML = await answer.text();
      } catch { /* The answer itself will tell. */ }
    }, POLL_MS);
    return () => { clearInterval(timer); line.hidden = true; };
  }

  async function save(answer) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    const named = /filename="([^"]+)"/.exec(answer.headers.get("content-disposition") || "");
    link.download = named ? named[1] : "result.xlsx";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-swap]")) return;
    event.preventDefault();
    if (form.hasAttribute("data-busy")) return;
    busy(form, true);
    const stop = watch(form);
    try {
      const answer = await send(form, event.submitter);
      stop();
      if (leave(answer)) return;
      if ((answer.headers.get("content-disposition") || "").startsWith("attachment")) {
        await save(answer);
        const done = form.querySelector("[data-done]");
        if (done) done.hidden = false;
        return;
      }
      await show(answer);
    } catch {
      stop();
      const lost = document.getElementById("lost");
      if (!lost) return;
      document.getElementById("main").prepend(lost);
      lost.hidden = false;
    } finally {
      busy(form, false);
    }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest ? event.target.closest("a[data-go]") : null;
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(link.href).catch(() => location.assign(link.href));
  });

  // A key does what the button or link that names it does, unless someone is writing.
  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
    const where = event.target;
    if (where.matches && where.matches("textarea, select, input:not([type=radio]):not([type=checkbox])")) {
      if (event.key === "Escape" && !where.matches(".box")) where.blur();
      return;
    }
    const target = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!target) return;
    event.preventDefault();
    if (target.matches("input, textarea")) target.focus();
    if (!target.matches("textarea")) target.click();
  });

  window.addEventListener("popstate", () => location.reload());

  // Lines of work that others have begun: read again until it has ended, then the page.
  let polling = 0;
  // What scrolls sideways is reached by the keyboard, and only while it does.
  function reach() {
    for (const part of document.querySelectorAll(".scroll-x")) {
      if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
      else part.removeAttribute("tabindex");
    }
  }
  window.addEventListener("resize", reach);
  document.addEventListener("toggle", reach, true);

  function begin() {
    aim();
    reach();
    const chosen = document.querySelector(".queue-list [aria-current]");
    if (chosen) {
      const list = chosen.closest(".queue-list");
      list.scrollTop = chosen.offsetTop - list.clientHeight / 2;
    }
    // On a phone the pages' row is wider than the screen: the present one stays in sight.
    const page = document.querySelector(".tabs.pages [aria-current]");
    if (page) page.parentElement.scrollLeft = page.offsetLeft - page.parentElement.clientWidth / 2;
    clearInterval(polling);
    const line = document.querySelector("[data-poll]");
    if (!line) return;
    polling = setInterval(async () => {
      try {
        const answer = await fetch(line.dataset.poll, { headers: headers(), cache: "no-store" });
        if (!answer.ok) return;
        const text = await answer.text();
        const ended = text.trim() === "";
        line.innerHTML = text;
        if (ended) { clearInterval(polling); go(location.href).catch(() => location.reload()); }
      } catch { /* The next one may come through. */ }
    }, POLL_MS);
  }
  begin();
})();

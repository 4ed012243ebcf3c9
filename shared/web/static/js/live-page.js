// A page that the server draws and that stays live: re-reads its own address, changes only what
// differs, and lets changed figures flash. Links marked data-turn are followed without a reload,
// and the browser's back button works. Other scripts listen to "yizhan:drawn" on document.
"use strict";
(function () {
  const MARK = "flash";
  let turn = 0;
  let reading = false;
  let again = false;
  let going = 0;

  function flash(node) {
    const place = node.closest ? node.closest("[data-flash]") : null;
    if (!place) return;
    place.classList.remove(MARK);
    void place.offsetWidth; // Restarts the animation when a figure moves twice in a row.
    place.classList.add(MARK);
  }

  function sameKind(a, b) {
    return a.nodeType === b.nodeType && a.nodeName === b.nodeName &&
      (a.nodeType !== Node.ELEMENT_NODE || (a.id === b.id && a.dataset.key === b.dataset.key));
  }

  function syncAttributes(now, next) {
    for (const { name } of [...now.attributes]) {
      if (name === "open" || name === "class") continue;
      if (!next.hasAttribute(name)) now.removeAttribute(name);
    }
    setAttributes(now, next);
  }

  function setAttributes(now, next) {
    for (const { name, value } of [...next.attributes]) {
      if (name === "open") continue;
      if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    }
  }

  // Makes `now` equal to `next`, keeping every node that stays the same kind of node.
  function morph(now, next, withFlash) {
    if (now.nodeType === Node.TEXT_NODE) {
      if (now.data !== next.data) {
        now.data = next.data;
        if (withFlash && now.parentElement) flash(now.parentElement);
      }
      return;
    }
    if (now.nodeType !== Node.ELEMENT_NODE) return;
    if (now.hasAttribute("data-kept")) { // A script draws inside (a chart, a connection).
      setAttributes(now, next);
      return;
    }
    if (now.hasAttribute("data-still") && now.matches(":hover, :focus-within")) return;
    syncAttributes(now, next);
    const old = [...now.childNodes];
    const fresh = [...next.childNodes];
    const alike = old.length === fresh.length && old.every((node, i) => sameKind(node, fresh[i]));
    if (alike) {
      old.forEach((node, i) => morph(node, fresh[i], withFlash));
    } else {
      now.replaceChildren(...fresh.map((node) => document.importNode(node, true)));
    }
  }

  async function draw(address, { withFlash }) {
    const mine = (turn += 1);
    const answer = await fetch(address, { headers: { accept: "text/html" }, cache: "no-store" });
    // What stands is better than the word that nothing can be read just now.
    if (withFlash && !answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    if (mine !== turn) return; // A later reading has overtaken this one.
    const next = new DOMParser().parseFromString(text, "text/html");
    const main = next.getElementById("main");
    if (!main) throw new Error("the answer is not a page");
    morph(document.getElementById("main"), main, withFlash);
    if (!withFlash) {
      document.title = next.title;
      const language = document.querySelector(".language");
      const other = next.querySelector(".language");
      if (language && other) language.setAttribute("href", other.getAttribute("href"));
    }
    document.dispatchEvent(new CustomEvent("yizhan:drawn", { detail: { withFlash } }));
  }

  // Reads the present address again; calls that come meanwhile become one more reading.
  async function refresh() {
    if (reading || going) { again = true; return; }
    reading = true;
    try {
      do {
        again = false;
        await draw(location.href, { withFlash: true });
      } while (again && !going);
    } finally {
      reading = false;
    }
  }

  // Another place or period; it goes before any refreshing, which waits until it is drawn.
  async function go(address, { push }) {
    going += 1;
    try {
      if (push) history.pushState({}, "", address);
      await draw(address, { withFlash: false });
      const title = document.querySelector("#main h1");
      if (push && title) { title.focus({ preventScroll: true }); }
    } catch {
      location.assign(address); // The plain way still works, and shows what is wrong.
    } finally {
      going -= 1;
    }
    if (again && !going) await refresh();
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest ? event.target.closest("a[data-turn]") : null;
    if (!link || event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(link.href, { push: true });
  });
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (!form || !form.matches("form[data-turn]")) return;
    go(form.action.split("?")[0] + "?" + new URLSearchParams(new FormData(form)), { push: true });
  });
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details[data-alone][open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const open of document.querySelectorAll("details[data-alone][open]")) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });
  window.addEventListener("popstate", () => go(location.href, { push: false }));

  window.yizhan = { refresh, go };
})();

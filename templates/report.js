// What the page can do beyond being read: search and filters, keys, copying LaTeX, colours. Without it nothing is missing.
"use strict";
(() => {
  const root = document.documentElement;
  const form = document.querySelector(".tools");
  const { query, verdict, document: chosenDocument, kind } = Object.fromEntries(
    ["query", "verdict", "document", "kind"].map((name) => [name, form.elements[name === "query" ? "q" : name]]));
  const claims = [...document.querySelectorAll(".document > .claim")];
  const entries = new Map([...document.querySelectorAll(".contents li > a")].map((a) => [a.hash.slice(1), a.parentElement]));
  const status = form.querySelector("[role=status]");
  const clear = form.querySelector("[type=reset]");
  const told = Object.assign(document.createElement("p"), { className: "told", role: "status" });
  document.body.append(told);
  form.hidden = false;

  // -- search and filters: a claim is shown that has every word and one of the verdicts ---------------------------

  const texts = new Map();
  const plain = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f\u2061\u2062]/g, "").toLowerCase();
  function text(claim) {
    if (!texts.has(claim)) {
      const parts = [claim.id, ...[...claim.querySelectorAll(":scope > h3, :scope > .statement")].map((e) => e.textContent)];
      texts.set(claim, plain(parts.join(" ")));
    }
    return texts.get(claim);
  }

  function asked() {
    const found = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value.trim()) found.append(name, value.trim());
    return found;
  }

  function filter({ keep = true } = {}) {
    const wanted = asked();
    const words = plain(wanted.get("q") ?? "").split(/\s+/).filter(Boolean);
    const verdicts = wanted.getAll("verdict");
    const searching = wanted.size > 0;
    let shown = 0;
    for (const claim of claims) {
      const fits = (!verdicts.length || verdicts.some((name) => claim.classList.contains(name)))
        && (!wanted.get("document") || claim.parentElement.id === `document-${wanted.get("document")}`)
        && (!wanted.get("kind") || claim.dataset.kind === wanted.get("kind"))
        && words.every((word) => text(claim).includes(word));
      claim.hidden = !fits;
      if (entries.has(claim.id)) entries.get(claim.id).hidden = !fits;
      shown += fits;
    }
    for (const section of document.querySelectorAll(".document")) section.hidden = !section.querySelector(":scope > .claim:not([hidden])");
    root.classList.toggle("searching", searching);
    status.textContent = searching ? `${shown} of ${claims.length} claims` : `${claims.length} claims`;
    clear.hidden = !searching;
    if (keep) {
      history.replaceState(null, "", searching ? `#?${wanted}` : location.pathname + location.search);
      if (searching) scrollTo(0, 0);
    }
  }

  function restore() {
    if (!location.hash.startsWith("#?")) return;
    const wanted = new URLSearchParams(location.hash.slice(2));
    query.value = wanted.get("q") ?? "";
    chosenDocument.value = wanted.get("document") ?? "";
    kind.value = wanted.get("kind") ?? "";
    for (const box of verdict) box.checked = wanted.getAll("verdict").includes(box.value);
    filter({ keep: false });
  }

  // A link leads to its place, also to one that the filters hide or that is folded.
  function follow() {
    if (location.hash.startsWith("#?")) return restore();
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    if (!target.checkVisibility() && root.classList.contains("searching")) reset();
    target.scrollIntoView();
  }

  function reset() {
    const hash = location.hash;
    form.reset();
    query.value = "";
    filter({ keep: false });
    if (hash.startsWith("#?")) history.replaceState(null, "", location.pathname + location.search);
  }

  let waiting;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(waiting); filter(); step(claims, 1, true); });
  form.addEventListener("reset", (event) => { event.preventDefault(); clear.blur(); for (const box of verdict) box.checked = false; query.value = chosenDocument.value = kind.value = ""; reset(); query.focus(); });
  addEventListener("hashchange", follow);

  // -- keys ---------------------------------------------------------------------------------------------------------

  const visible = (element) => element.checkVisibility({ contentVisibilityAuto: false });

  // The next one of the elements that is on the page, seen from the one that has the focus or is on top of the screen.
  function next(elements, way, here) {
    const from = elements.findIndex((e) => e === here || e.contains(here));
    if (from >= 0) return elements[from + way];
    const below = elements.findIndex((e) => e.getBoundingClientRect().top > 4);
    return elements[way > 0 ? below : below < 0 ? elements.length - 1 : below - 1];
  }

  function step(all, way, first = false) {
    const shown = all.filter((e) => !e.hidden);
    const active = document.activeElement.closest(".document > .claim");
    const claim = first ? shown[0] : next(shown, way, active);
    if (!claim) return;
    claim.querySelector("a.id").focus({ preventScroll: true });
    claim.scrollIntoView();
  }

  function formula(way) {
    const active = document.activeElement.closest("[data-tex]");
    const claim = document.activeElement.closest("article");
    const all = [...(claim ?? document).querySelectorAll("[data-tex]")].filter(visible);
    const found = active ? all[all.indexOf(active) + way] : next(all, way, null) ?? all[0];
    if (!found) return;
    found.tabIndex = -1;
    found.focus();
    tell(found.dataset.tex);
  }

  function fold() {
    const claim = document.activeElement.closest("article");
    if (!claim) return;
    const folded = [...claim.querySelectorAll("details")];
    const open = folded.some((d) => !d.open);
    for (const details of folded) details.open = open;
  }

  const keys = {
    "/": () => { query.focus(); query.select(); },
    j: () => step(claims, 1),
    k: () => step(claims, -1),
    f: () => formula(1),
    F: () => formula(-1),
    c: () => { const found = document.activeElement.closest("[data-tex]"); if (found) copy(found); },
    o: fold,
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (root.classList.contains("searching") || query.value) reset();
      if (document.activeElement === query) query.blur();
      tell("");
      return;
    }
    if (event.target.matches("input, select, textarea") || !(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  });

  // -- copying formulas ---------------------------------------------------------------------------------------------

  let silence;
  function tell(words) {
    clearTimeout(silence);
    told.textContent = words;
    if (words) silence = setTimeout(() => { told.textContent = ""; }, 6000);
  }

  async function copy(found) {
    try {
      await navigator.clipboard.writeText(found.dataset.tex);
      tell(`Copied: ${found.dataset.tex}`);
    } catch {
      // Without the right to the clipboard the LaTeX is shown, to be taken by hand.
      tell(found.dataset.tex);
    }
  }

  addEventListener("click", (event) => {
    const found = event.target.closest("[data-tex]");
    if (found && !event.target.closest("a, summary, p > code") && getSelection().isCollapsed) copy(found);
  });

  // What is selected and copied has its formulas as LaTeX.
  addEventListener("copy", (event) => {
    const selection = getSelection();
    if (selection.isCollapsed || event.target.matches?.("input")) return;
    const copied = selection.getRangeAt(0).cloneContents();
    if (!copied.querySelector("math")) return;
    for (const found of copied.querySelectorAll("math[data-tex], .long[data-tex]")) found.replaceWith(`$${found.dataset.tex}$`);
    for (const row of copied.querySelectorAll(".row[data-tex], li[data-tex]")) {
      for (const rest of row.querySelectorAll(":scope > math, :scope > .long, :scope > .alone")) rest.remove();
      row.prepend(`$${row.dataset.tex}$ `);
      row.append("\n");
    }
    const holder = document.createElement("div");
    holder.className = "vh";
    holder.append(copied);
    document.body.append(holder);
    event.clipboardData.setData("text/plain", holder.innerText.trim());
    holder.remove();
    event.preventDefault();
  });

  // -- colours, and boxes that scroll -------------------------------------------------------------------------------

  const themes = { "": "as the system has them", light: "light", dark: "dark" };
  const button = form.querySelector(".theme");
  function show(theme) {
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    button.title = `Colours: ${themes[theme]}`;
    button.setAttribute("aria-label", button.title);
  }
  function remembered(theme) {
    try {
      if (theme === undefined) return localStorage.getItem("theme");
      localStorage.setItem("theme", theme);
    } catch { /* a page that may not remember anything forgets the colours too */ }
    return null;
  }
  button.addEventListener("click", () => {
    const names = Object.keys(themes);
    const theme = names[(names.indexOf(root.dataset.theme ?? "") + 1) % names.length];
    show(theme);
    remembered(theme);
  });
  const before = remembered();
  if (before in themes) show(before);

  // A box that scrolls can be reached by keyboard.
  const sized = new ResizeObserver((seen) => {
    for (const { target } of seen) {
      const scrolls = target.scrollWidth > target.clientWidth + 1 || target.scrollHeight > target.clientHeight + 1;
      if (scrolls && !target.hasAttribute("tabindex")) {
        target.tabIndex = 0;
        target.setAttribute("role", "group");
        target.dataset.scrolls = "";
      } else if (!scrolls && "scrolls" in target.dataset) {
        for (const name of ["tabindex", "role", "data-scrolls"]) target.removeAttribute(name);
      }
    }
  });
  for (const box of document.querySelectorAll(".table, .display, .wide, pre")) sized.observe(box);

  follow();
})();

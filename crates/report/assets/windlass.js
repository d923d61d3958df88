// Keeps the page as new as the reports. Without it the page is complete, and as new as its last load.
"use strict";

(() => {
  const live = document.getElementById("live");
  const filter = document.getElementById("filter");
  const PAUSE = 300; // milliseconds in which changes become one look
  const SHARE = 4; // a look that took long is followed by a pause so many times as long
  const MINUTE = 60000; // "3 minutes ago" grows old as well
  let waiting = null;
  let looking = false;
  let again = false;
  let took = 0;

  const main = () => document.getElementById("main");
  const shown = () => document.querySelector("input[name=show]:checked");

  // Hides the tiles whose text does not hold what was typed.
  function sift() {
    if (!filter) return;
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    const tiles = document.querySelectorAll(".tile");
    for (const tile of tiles) {
      const text = tile.textContent.toLowerCase();
      tile.hidden = !words.every((word) => text.includes(word));
      if (!tile.hidden) left += 1;
    }
    const none = document.getElementById("none");
    if (none) none.hidden = left > 0 || tiles.length === 0;
    remember();
  }

  // What was chosen survives a look at an application and the way back.
  function remember() {
    const choice = shown();
    try {
      sessionStorage.setItem("windlass", JSON.stringify({ text: filter.value, show: choice && choice.id }));
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }

  function recall() {
    try {
      const { text, show } = JSON.parse(sessionStorage.getItem("windlass") || "{}");
      filter.value = text || "";
      const choice = show && document.getElementById(show);
      if (choice) choice.checked = true;
    } catch {
      // Nothing was chosen before.
    }
  }

  function keepFolds(before, after) {
    const folds = new Map();
    for (const fold of before.querySelectorAll("details[data-key]")) folds.set(fold.dataset.key, fold.open);
    for (const fold of after.querySelectorAll("details[data-key]")) {
      if (folds.has(fold.dataset.key)) fold.open = folds.get(fold.dataset.key);
    }
  }

  // A verdict that has changed catches the eye once.
  function markChanged(before, after) {
    const verdicts = new Map();
    const told = (tile) => [...tile.querySelectorAll(".badge, .mark")].map((badge) => badge.textContent).join();
    for (const tile of before.querySelectorAll(".tile")) verdicts.set(tile.dataset.app, told(tile));
    for (const tile of after.querySelectorAll(".tile")) {
      if (verdicts.get(tile.dataset.app) !== told(tile)) tile.classList.add("fresh");
    }
  }

  // What the reader has focused stays focused: a link by where it leads, a fold by its key, a choice by its name.
  function place(element) {
    for (const [attribute, value] of [
      ["id", element.id],
      ["href", element.getAttribute("href")],
      ["data-key", element.parentElement && element.parentElement.dataset.key],
    ]) {
      if (value) return { attribute, value };
    }
    return null;
  }

  function refocus(fresh, { attribute, value }) {
    const found = [...fresh.querySelectorAll(`[${attribute}]`)].find((e) => e.getAttribute(attribute) === value);
    const target = found && attribute === "data-key" ? found.querySelector("summary") : found;
    if (target) target.focus({ preventScroll: true });
  }

  function replace(old, fresh) {
    const focused = old.contains(document.activeElement) ? place(document.activeElement) : null;
    const choice = shown();
    keepFolds(old, fresh);
    markChanged(old, fresh);
    old.replaceWith(document.adoptNode(fresh));
    const same = choice && document.getElementById(choice.id);
    if (same) same.checked = true;
    sift();
    if (focused) refocus(fresh, focused);
  }

  async function look() {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    const begun = performance.now();
    try {
      const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin" });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
      const old = main();
      if (fresh && old) replace(old, fresh);
    } catch {
      // The stream tells when the server is back.
    }
    took = performance.now() - begun;
    looking = false;
    if (again) {
      again = false;
      soon();
    }
  }

  function soon() {
    if (waiting) return;
    waiting = setTimeout(() => {
      waiting = null;
      look();
    }, Math.max(PAUSE, SHARE * took));
  }

  function concerns(application) {
    const here = main() && main().dataset.app;
    return !here || application === null || application === here;
  }

  function tell(word, lost) {
    live.textContent = word;
    live.classList.toggle("lost", lost);
    live.hidden = false;
  }

  if (filter) {
    filter.hidden = false;
    recall();
    sift();
    filter.addEventListener("input", sift);
    document.addEventListener("change", (event) => {
      if (event.target.name === "show") remember();
    });
    document.addEventListener("keydown", (event) => {
      const typing = event.target instanceof HTMLInputElement && event.target.type !== "radio";
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        filter.focus();
      } else if (event.key === "Escape" && event.target === filter) {
        filter.value = "";
        sift();
        filter.blur();
      }
    });
  }

  const stream = new EventSource("/stream");
  stream.addEventListener("message", (event) => {
    if (concerns(JSON.parse(event.data).application)) soon();
  });
  stream.addEventListener("error", () => tell("connection lost, trying again", true));
  stream.addEventListener("open", () => {
    tell("live", false);
    // What changed between the page's making and this moment was told to nobody here.
    soon();
  });
  setInterval(() => {
    if (!document.hidden) look();
  }, MINUTE);
})();


"use strict";
(() => {
  const form = document.getElementById("filter");
  let showAll = () => {};
  const articles = [...document.querySelectorAll("article[data-class]")];
  if (form) {
    const boxes = [...form.querySelectorAll("input[type=checkbox]")];
    const text = document.getElementById("text");
    const fold = document.getElementById("fold");
    const shown = document.getElementById("shown");
    const contents = new Map(articles.map((article) => [article, article.textContent.toLowerCase()]));
    const apply = () => {
      const classes = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
      const wanted = text.value.trim().toLowerCase();
      let count = 0;
      for (const article of articles) {
        const fits = classes.has(article.dataset.class) && contents.get(article).includes(wanted);
        article.hidden = !fits;
        count += fits ? 1 : 0;
      }
      for (const section of document.querySelectorAll("section.found")) {
        section.hidden = !section.querySelector("article:not([hidden])");
      }
      shown.textContent = `${count} of ${articles.length} findings shown`;
    };
    showAll = () => {
      for (const box of boxes) {
        box.checked = true;
      }
      text.value = "";
      apply();
    };
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    fold.addEventListener("click", () => {
      const open = fold.textContent === "unfold all";
      for (const article of articles) {
        article.querySelector("details").open = open;
      }
      fold.textContent = open ? "fold all" : "unfold all";
    });
    apply();
  }
  const reveal = () => {
    // Anchors hold nothing that a browser encodes.
    const target = document.getElementById(location.hash.slice(1));
    if (target) {
      if (target.closest("[hidden]") || target.querySelector("article[hidden]")) {
        showAll();
      }
      for (let part = target; part; part = part.parentElement) {
        part.hidden = false;
        if (part.tagName === "DETAILS") {
          part.open = true;
        }
      }
      const own = target.querySelector("details");
      if (own) {
        own.open = true;
      }
      target.scrollIntoView();
      const place = target.querySelector("summary") ?? target;
      if (place === target && !target.hasAttribute("tabindex")) {
        target.setAttribute("tabindex", "-1");
      }
      place.focus({ preventScroll: true });
    }
  };
  addEventListener("hashchange", reveal);
  reveal();
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    for (const details of folded) {
      details.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const details of folded) {
      details.open = false;
    }
    folded = [];
  });
  const copy = document.getElementById("copy");
  const copied = document.getElementById("copied");
  const command = document.getElementById("command");
  if (copy && command) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(command.textContent);
        copied.textContent = "copied";
      } catch {
        const selection = getSelection();
        selection.removeAllRanges();
        const range = document.createRange();
        range.selectNodeContents(command);
        selection.addRange(range);
        copied.textContent = "selected: copy it with the keyboard";
      }
    });
  }
})();

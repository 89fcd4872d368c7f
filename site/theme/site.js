// Embedded pages follow light and dark, get the height they ask for, and may ask for the search; a deck loads when its box
// is opened.
"use strict";

(() => {
  const theme = () => document.documentElement.dataset.theme === "dark" ? "dark" : "light";
  const frames = () => [...document.querySelectorAll("iframe.play")];
  const tell = (frame) => frame.contentWindow?.postMessage({ theme: theme() }, "*");
  window.addEventListener("message", ({ data, source }) => {
    const frame = frames().find((one) => one.contentWindow === source);
    if (frame && data?.search) document.querySelector(".search-button-field, .search-button__button")?.click();
    if (!frame || typeof data?.height !== "number") return;
    frame.style.height = `${Math.ceil(data.height)}px`;
    tell(frame);
  });
  for (const box of document.querySelectorAll("details.deck"))
    box.addEventListener("toggle", () => {
      const frame = box.querySelector("iframe");
      if (box.open && !frame.src) frame.src = frame.dataset.src;
    });
  new MutationObserver(() => frames().forEach(tell)).observe(document.documentElement, { attributeFilter: ["data-theme"] });
})();

// Embedded pages follow light and dark, and get the height they ask for.
"use strict";

(() => {
  const theme = () => document.documentElement.dataset.theme === "dark" ? "dark" : "light";
  const frames = () => [...document.querySelectorAll("iframe.play")];
  const tell = (frame) => frame.contentWindow?.postMessage({ theme: theme() }, "*");
  window.addEventListener("message", ({ data, source }) => {
    const frame = frames().find((one) => one.contentWindow === source);
    if (!frame || !data || typeof data.height !== "number") return;
    frame.style.height = `${Math.ceil(data.height)}px`;
    tell(frame);
  });
  new MutationObserver(() => frames().forEach(tell)).observe(document.documentElement, { attributeFilter: ["data-theme"] });
})();

// What every page to play with does where it is embedded: take over light or dark, say how high it is, and pass on the keys
// of the search.
"use strict";

(() => {
  const setTheme = (theme) => { document.documentElement.dataset.theme = theme; };
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  window.addEventListener("message", ({ data }) => {
    if (data && (data.theme === "light" || data.theme === "dark")) setTheme(data.theme);
  });
  if (window.parent === window) return;
  document.documentElement.classList.add("framed");
  const tell = () => parent.postMessage({ height: document.body.scrollHeight }, "*");
  window.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    parent.postMessage({ search: true }, "*");
  });
  new ResizeObserver(tell).observe(document.body);
  window.addEventListener("load", tell);
})();

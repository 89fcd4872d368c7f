// What every page to play with does where it is embedded: take over light or dark, and say how high it is.
"use strict";

const framed = window.parent !== window;
function setTheme(theme) { document.documentElement.dataset.theme = theme; }
const asked = /theme=(light|dark)/.exec(location.hash);
setTheme(asked ? asked[1] : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
window.addEventListener("message", ({ data }) => {
  if (data && (data.theme === "light" || data.theme === "dark")) setTheme(data.theme);
});
if (framed) {
  document.documentElement.classList.add("framed");
  const tell = () => parent.postMessage({ play: location.pathname.split("/").pop(), height: document.body.scrollHeight }, "*");
  new ResizeObserver(tell).observe(document.body);
  window.addEventListener("load", tell);
}

// What is wrong with a deck's page on a phone; enlarges every figure that says it can be.
() => {
  const faults = [], wide = innerWidth, name = e => `<${e.tagName.toLowerCase()}> ${(e.alt || e.textContent).trim().slice(0, 40)}`;
  if (!document.documentElement.classList.contains("phone")) return ["no page for phones"];
  if (document.documentElement.scrollWidth > wide) faults.push(`the page is ${document.documentElement.scrollWidth} px wide`);
  for (const figure of document.querySelectorAll("figure.shrunk")) figure.click();
  for (const e of document.querySelectorAll(".slides *")) {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (!box.width || style.clipPath !== "none" || e.closest("math")) continue;
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.nodeValue.trim()), size = parseFloat(style.fontSize);
    if (own && size < 14) faults.push(`text of ${size.toFixed(0)} px: ${name(e)}`);
    if (box.right > wide + 1 && !e.closest("figure, table, pre, .formula, .derivation")) faults.push(`wider than the screen: ${name(e)}`);
    if (e.tagName === "IMG" && 20 * box.width < 14 * e.getAttribute("width") - 1) faults.push(`letters of 20 px below 14: ${name(e)}`);
  }
  return faults.slice(0, 12);
}

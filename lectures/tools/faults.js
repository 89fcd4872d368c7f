// What is wrong with the slide now shown, everything built; browse.py runs it. Sizes are in the slide's own 1280 x 720 pixels.
() => {
  const slide = Reveal.getCurrentSlide(), faults = [];
  const frame = slide.getBoundingClientRect(), scale = frame.width / 1280;
  const foot = slide.querySelector("footer.foot").getBoundingClientRect();
  const name = e => `<${e.tagName.toLowerCase()}${e.className && e.className.baseVal === undefined ? "." + e.className : ""}> ` +
    JSON.stringify((e.getAttribute("alt") || e.textContent || "").trim().replace(/\s+/g, " ").slice(0, 50));
  const own = e => [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.nodeValue).join("").trim();
  const bare = [];
  // Contrast of a text with what is behind it (WCAG 2.2): colours as [r, g, b, opacity].
  const numbers = c => { const n = (c.match(/[\d.]+/g) || []).map(Number); return n.length < 3 ? [0, 0, 0, 0] : [...n.slice(0, 3).map(v => c.startsWith("color(") ? 255 * v : v), n[3] ?? 1]; };
  const over = (a, b) => [0, 1, 2].map(k => a[3] * a[k] + (1 - a[3]) * b[k]).concat(1);
  const light = c => [0.2126, 0.7152, 0.0722].reduce((sum, w, k) => sum + w * (c[k] / 255 <= 0.04045 ? c[k] / 255 / 12.92 : ((c[k] / 255 + 0.055) / 1.055) ** 2.4), 0);
  const behind = e => { const own = numbers(getComputedStyle(e).backgroundColor); return own[3] === 1 ? own : over(own, e.parentElement ? behind(e.parentElement) : [255, 255, 255, 1]); };
  const contrast = e => { const under = behind(e), [a, b] = [light(over(numbers(getComputedStyle(e).color), under)), light(under)]; return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };
  for (const e of slide.querySelectorAll("*")) {
    if (e.closest("aside.notes")) continue;
    const style = getComputedStyle(e), box = e.getBoundingClientRect();
    if (style.display === "none" || box.width === 0 || box.height === 0) {
      if (e.tagName === "math" || e.tagName === "MATH") faults.push(`formula not rendered: ${name(e)}`);
      continue;
    }
    const inMath = e.closest("math"), drawn = e.closest("svg");
    if (!drawn && !(inMath && inMath !== e)) {
      const over = Math.max(frame.left - box.left, box.right - frame.right, frame.top - box.top, box.bottom - frame.bottom) / scale;
      if (over > 1) faults.push(`leaves the slide by ${over.toFixed(0)} px: ${name(e)}`);
      else if (e.closest(".body") && !e.classList.contains("body") && !e.closest(".opening") && box.bottom > foot.top + scale)
        faults.push(`runs ${((box.bottom - foot.top) / scale).toFixed(0)} px into the footer: ${name(e)}`);
      const column = e.closest(".column, .card");
      if (column && column !== e) {
        const room = column.getBoundingClientRect();
        if (box.right > room.right + scale || box.left < room.left - scale) faults.push(`wider than its column: ${name(e)}`);
      }
      if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth && !["visible", "clip"].includes(style.overflowX))
        faults.push(`cut off at the right: ${name(e)}`);
    }
    const size = parseFloat(style.fontSize);
    if (inMath === e && size < 24) faults.push(`formula of ${size.toFixed(0)} px: ${name(e)}`);
    if (!inMath && !drawn && own(e) && size < 20) faults.push(`text of ${size.toFixed(0)} px: ${name(e)}`);
    if (!inMath && !e.closest("pre, code") && own(e)) bare.push(own(e));
    if (own(e) && style.clipPath === "none") {
      const wanted = size >= (parseInt(style.fontWeight) >= 600 ? 24 : 32) ? 3 : 4.5, reached = contrast(e);
      if (reached < wanted - 0.05) faults.push(`text in ${style.color} reaches ${reached.toFixed(1)}:1 of ${wanted}:1: ${name(e)}`);
    }
    if (e.tagName === "IMG") {
      if (!e.complete || !e.naturalWidth) faults.push(`picture not loaded: ${e.getAttribute("src").slice(0, 60)}`);
      if (!(e.getAttribute("alt") || "").trim()) faults.push(`no alternative text: ${e.getAttribute("src").slice(0, 60)}`);
      const wanted = parseFloat(e.getAttribute("width"));
      if (wanted && box.width / scale < 0.97 * wanted)
        faults.push(`figure shrunk to ${(100 * box.width / scale / wanted).toFixed(0)} %, draw it smaller: ${name(e)}`);
    }
    if (e.tagName === "IFRAME" && e.contentDocument)
      for (const t of e.contentDocument.body.querySelectorAll("*")) {
        const style = getComputedStyle(t), box = t.getBoundingClientRect();
        if (!own(t) || !box.width || ["SCRIPT", "STYLE"].includes(t.tagName)) continue;
        if (parseFloat(style.fontSize) < 20 && !t.closest("svg")) faults.push(`text of ${parseFloat(style.fontSize).toFixed(0)} px in a frame: ${name(t)}`);
        if (box.bottom > e.clientHeight + 1) faults.push(`below the lower edge of its frame: ${name(t)}`);
      }
    if (e.tagName === "VIDEO" && !e.getAttribute("aria-label")) faults.push("video without aria-label");
  }
  for (const text of bare) if (/\$|\\[a-zA-Z(\[]|\{[a-z]+\}`/.test(text)) faults.push(`markup not rendered: ${text.slice(0, 60)}`);
  for (const e of slide.querySelectorAll("merror")) faults.push(`formula with an error: ${name(e)}`);
  const body = slide.querySelector(".body"), blocks = body ? [...body.children].filter(e => getComputedStyle(e).position !== "absolute"
    && !["none", "contents"].includes(getComputedStyle(e).display)) : [];
  const head = slide.querySelector("h1, h2");
  const first = blocks.length && blocks[0].getBoundingClientRect();
  if (first && head && head.getBoundingClientRect().height > 2 && first.top < head.getBoundingClientRect().bottom - 2 * scale)
    faults.push(`runs into the title: ${name(blocks[0])}`);
  if (first && head && !slide.matches(".opening, .part, .statement")) {
    const gap = (first.top - head.getBoundingClientRect().bottom) / scale;
    if (gap < 18 || gap > 34) faults.push(`content begins ${gap.toFixed(0)} px below the title, not 18 to 34: ${name(blocks[0])}`);
  }
  const source = slide.querySelector(".source");
  if (source && blocks.length) {
    const over = blocks[blocks.length - 1].getBoundingClientRect().bottom - source.getBoundingClientRect().top;
    if (over > 2 * scale) faults.push(`runs ${(over / scale).toFixed(0)} px into the source line: ${name(blocks[blocks.length - 1])}`);
  }
  return [...new Set(faults)].slice(0, 8);
}

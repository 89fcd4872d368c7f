// What the decks add to reveal.js: a page to read on phones, an overview by chapters, the steps of figures in print.
(() => {
  const root = document.documentElement;
  const query = new URLSearchParams(location.search);
  const narrow = matchMedia("(max-width: 600px)");
  const make = (tag, name, text) => Object.assign(document.createElement(tag), { className: name, textContent: text || "" });

  // The speaker view shows two slides in small frames (?receiver), and paper has one width.
  if (!query.has("receiver") && !query.has("print-pdf")) {
    narrow.addEventListener("change", () => location.reload());
    if (narrow.matches) return readOnPhone();
  }
  spread();
  if (!localStorageOf("reveal-speaker-layout")) localStorageOf("reveal-speaker-layout", "tall"); // room for the notes
  addEventListener("DOMContentLoaded", () => {
    Reveal.on("pdf-ready", addSteps);
    Reveal.on("overviewshown", fitOverview);
    Reveal.on("slidechanged", showPresent);
    addEventListener("resize", () => Reveal.isOverview() && fitOverview());
  });
  addEventListener("keydown", moveInOverview, true);

  function localStorageOf(key, value) {
    try { return value === undefined ? localStorage.getItem(key) : localStorage.setItem(key, value); } catch { return value; }
  }

  // ---- Slides: between the blocks below a title, gaps that grow where there is room, up to a bound.
  function spread() {
    for (const body of document.querySelectorAll("section:not(.opening, .part) > .body")) {
      body.classList.add("spread");
      const blocks = [...body.children].filter(e => !e.matches(".notes, .source, :has(> .source:only-child)"));
      for (const block of blocks.slice(1)) block.before(make("div", "gap"));
    }
  }

  // ---- Phones: all slides one below the other, text at its own size; a figure that is shrunk grows with a tap.
  function readOnPhone() {
    root.classList.add("phone");
    Reveal.initialize = () => Promise.resolve();
    addEventListener("load", () => {
      for (const figure of document.querySelectorAll("figure")) {
        const scales = [...figure.querySelectorAll("img")].map(i => i.getBoundingClientRect().width / i.getAttribute("width"));
        if (Math.max(...scales) >= 0.7) continue;
        figure.classList.add("shrunk");
        figure.tabIndex = 0;
        figure.setAttribute("role", "button");
        figure.setAttribute("aria-label", "Enlarge the figure");
        const turn = () => figure.classList.toggle("large");
        figure.addEventListener("click", turn);
        figure.addEventListener("keydown", event => event.key === "Enter" && turn());
        for (const image of figure.querySelectorAll("img")) image.style.setProperty("--own", image.getAttribute("width") + "px");
      }
    });
  }

  // ---- Overview: a row of slides for each chapter, as large as lets all be seen, if they can be.
  function fitOverview() {
    const slides = document.querySelector(".reveal .slides");
    for (let scale = 0.24; scale > 0.1; scale -= 0.01) {
      root.style.setProperty("--tile", scale.toFixed(2));
      if (slides.scrollHeight <= slides.clientHeight) break;
    }
    showPresent();
  }

  function showPresent() {
    if (Reveal.isOverview()) Reveal.getCurrentSlide().scrollIntoView({ block: "nearest" });
  }

  function moveInOverview(event) {
    if (!window.Reveal.isOverview || !Reveal.isOverview()) return;
    const down = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") Reveal.toggleOverview(false);
    else if (down) Reveal.slide(nearest(down));
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // The slide above or below the present one.
  function nearest(down) {
    const all = Reveal.getSlides(), here = Reveal.getCurrentSlide().getBoundingClientRect();
    let best = Reveal.getIndices().h, least = Infinity;
    all.forEach((slide, index) => {
      const box = slide.getBoundingClientRect(), rows = down * (box.top - here.top);
      const far = 4 * rows + Math.abs(box.left - here.left);
      if (rows > 4 && far < least) [best, least] = [index, far];
    });
    return best;
  }

  // ---- Print: behind a slide with a stepped figure, pages that show its steps side by side.
  function addSteps() {
    for (const slide of document.querySelectorAll(".pdf-page section")) { // reveal.js hides all slides but one from tags and outline
      slide.removeAttribute("aria-hidden");
      slide.hidden = false;
    }
    for (const steps of document.querySelectorAll(".pdf-page .steps")) {
      const frames = [...steps.querySelectorAll("img[data-handout]")];
      if (frames.length < 2) continue;
      let page = steps.closest(".pdf-page");
      for (const sheet of sheetsOf(frames)) {
        const next = stepsPage(page, sheet);
        page.after(next);
        page = next;
      }
    }
  }

  // Columns and frames a page: the largest scale that puts all on one page, or at least 0.42 on as many as it takes.
  function sheetsOf(frames) {
    const width = +frames[0].getAttribute("width"), height = +frames[0].getAttribute("height");
    const scaleOf = (columns, rows) => Math.min(1, (1152 - 32 * (columns - 1)) / columns / width, (540 - 20 * (rows - 1)) / rows / height - 34 / height);
    let best = { scale: 0 };
    for (let pages = 1; best.scale < 0.42 && pages <= frames.length; pages++) {
      const each = Math.ceil(frames.length / pages);
      for (let columns = 1; columns <= each; columns++) {
        const scale = scaleOf(columns, Math.ceil(each / columns));
        if (scale > best.scale) best = { scale, columns, each };
      }
    }
    const sheets = [];
    for (let start = 0; start < frames.length; start += best.each)
      sheets.push({ ...best, start, frames: frames.slice(start, start + best.each) });
    return sheets;
  }

  function stepsPage(page, sheet) {
    const copy = make("div", "pdf-page steps-page"), slide = make("section", "steps-of"), grid = make("div", "grid");
    copy.style.cssText = page.style.cssText;
    slide.style.cssText = page.querySelector("section").style.cssText;
    const title = make("p", "title", page.querySelector("h1, h2, .title").textContent.replace(/, step by step$/, "") + ", step by step");
    grid.style.gridTemplateColumns = `repeat(${sheet.columns}, max-content)`;
    sheet.frames.forEach((frame, place) => {
      const cell = make("div", "frame"), image = frame.cloneNode();
      image.className = "";
      image.style.cssText = `width: ${sheet.scale * frame.getAttribute("width")}px; height: auto`;
      cell.append(image, make("span", "", String(sheet.start + place + 1)));
      grid.append(cell);
    });
    slide.append(title, grid, page.querySelector("footer").cloneNode(true));
    copy.append(slide);
    return copy;
  }
})();

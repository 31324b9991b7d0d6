// A cell that is pointed at, focused or pinned stands out wherever it appears on the page.
const marked = new Map();
for (const element of all("[data-cell]")) {
  const cell = Number(element.dataset.cell);
  if (!marked.has(cell)) marked.set(cell, []);
  marked.get(cell).push(element);
}
const pinned = new Set(state.list("pin").map((name) => cells.names.indexOf(name)).filter((cell) => cell >= 0));
let pointed = null;
let lit = new Set();
let waiting = 0;

function light() {
  waiting = 0;
  const wanted = new Set(pinned);
  if (pointed !== null) wanted.add(pointed);
  for (const cell of lit) if (!wanted.has(cell)) for (const element of marked.get(cell) ?? []) element.classList.remove("is-lit");
  for (const cell of wanted) {
    if (lit.has(cell)) continue;
    for (const element of marked.get(cell) ?? []) {
      element.classList.add("is-lit");
      if (element.ownerSVGElement) element.parentNode.append(element); // drawn last is drawn on top
    }
  }
  lit = wanted;
  document.documentElement.classList.toggle("has-lit", lit.size > 0);
}

function point(cell) {
  pointed = cell;
  waiting ||= requestAnimationFrame(light);
}

function pin(cell, on = !pinned.has(cell)) {
  if (on) pinned.add(cell);
  else pinned.delete(cell);
  state.set("pin", [...pinned].map((index) => cells.names[index]));
  light();
  document.dispatchEvent(new CustomEvent("pinned"));
}

const cellOf = (target) => {
  const element = target instanceof Element ? target.closest("[data-cell]") : null;
  return element && !element.matches("details") ? Number(element.dataset.cell) : null;
};
document.addEventListener("pointerover", (event) => point(cellOf(event.target)));
document.addEventListener("focusin", (event) => point(cellOf(event.target)));
document.addEventListener("focusout", () => point(null));
document.addEventListener("click", (event) => {
  const mark = event.target instanceof Element && event.target.closest("svg.chart [data-cell]");
  if (mark) pin(Number(mark.dataset.cell));
});
light();

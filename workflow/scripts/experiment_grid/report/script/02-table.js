// The comparison table: sort, group, choose columns, pin cells, choose two. Keyboard: headings and buttons are buttons.
const table = document.getElementById("cells-table");
const body = table.tBodies[0];
const rows = [...body.rows];
const headings = all("thead th[data-key]", table);
const column = (heading) => heading.cellIndex;
const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
const titles = new Map(headings.map((heading) => [heading.dataset.key, heading.textContent.trim()]));
if (rows.length > 30) table.parentElement.classList.add("tall");

const textOf = (row, index) => (index === 0 ? row.cells[0].querySelector("bdi") : row.cells[index]).textContent.trim();
const valueOf = (row, index) => {
  const cell = row.cells[index];
  if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
  const text = textOf(row, index);
  if (text === "–" || text === "") return null;
  return text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text.toLowerCase();
};

function compare(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), "en", { numeric: true });
}

function sort(key, descending) {
  const heading = headings.find((one) => one.dataset.key === key);
  headings.forEach((one) => one.removeAttribute("aria-sort"));
  if (heading) heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const keyed = rows.map((row, place) => [row, heading ? valueOf(row, column(heading)) : place, place]);
  keyed.sort(([, one, first], [, other, second]) => {
    if (one === null || other === null) return (one === null) - (other === null) || first - second; // what is missing goes last
    return (descending ? compare(other, one) : compare(one, other)) || first - second;
  });
  arrange(keyed.map(([row]) => row));
}

function sortBy(key, descending) {
  sort(key, descending);
  state.set("sort", (descending ? "-" : "") + key);
  say(`Sorted by ${titles.get(key)}, ${descending ? "descending" : "ascending"}`);
}

for (const heading of headings) {
  const button = make("button", {
    type: "button",
    click: () => {
      const order = heading.getAttribute("aria-sort");
      // Numbers are mostly looked at from the greatest down.
      sortBy(heading.dataset.key, order ? order === "ascending" : heading.classList.contains("n"));
    },
  }, titles.get(heading.dataset.key));
  heading.replaceChildren(button);
}

// Columns that do not decide are hidden until they are chosen; the link holds what differs from that.
const changed = new Set(state.list("columns"));
const shownColumn = (heading) => heading.classList.contains("extra") === changed.has(heading.dataset.key);
function showColumn(heading) {
  const index = column(heading), off_ = !shownColumn(heading);
  for (const row of [table.tHead.rows[0], ...rows]) row.cells[index].hidden = off_;
}
document.getElementById("columns").append(...headings.slice(1).map((heading) => {
  const key = heading.dataset.key;
  const box = make("input", {
    type: "checkbox",
    change: () => {
      if (changed.has(key)) changed.delete(key);
      else changed.add(key);
      showColumn(heading);
      state.set("columns", [...changed]);
    },
  });
  box.checked = shownColumn(heading);
  return make("label", {}, box, " ", titles.get(key));
}));

// Groups: rows under a heading for each value of a setting, and charts in a colour for each.
const group = document.getElementById("group");
const paint = new CSSStyleSheet();
document.adoptedStyleSheets = [paint];
let groups = new Map(); // value → cells, in the order of the values

function grouped() {
  const heading = headings.find((one) => one.dataset.key === group.value);
  groups = new Map();
  if (heading) {
    const index = column(heading);
    const values = rows.map((row) => [textOf(row, index), valueOf(row, index), Number(row.dataset.cell)]);
    values.sort(([, one], [, other]) => (one === null) - (other === null) || compare(one, other));
    for (const [text, , cell] of values) groups.set(text, [...(groups.get(text) ?? []), cell]);
  }
  const chart = ".chart:not(.judged *)"; // where a colour is a verdict it stays
  paint.replaceSync([...groups.values()].map((members, place) => members.map((cell) => `
    ${chart} [data-cell="${cell}"] path[stroke], ${chart} [data-cell="${cell}"] use[stroke], [data-cell="${cell}"] .swatch path { stroke: var(--c${place % 8}) !important }
    ${chart} [data-cell="${cell}"] path[fill]:not([fill="none"]), ${chart} [data-cell="${cell}"] use[fill], ${chart} [data-cell="${cell}"] > text, ${chart} [data-cell="${cell}"] circle { fill: var(--c${place % 8}) !important }`).join("")).join(""));
  document.getElementById("group-summary").textContent = heading ? `Grouped by ${titles.get(heading.dataset.key)}: colours are its values` : "";
}
/** Put rows in this order, under the headings of their groups. */
function arrange(order) {
  all("tr.group", body).forEach((row) => row.remove());
  if (!groups.size) return body.append(...order);
  const name = titles.get(group.value);
  for (const [value, members] of groups) {
    const inside = order.filter((row) => members.includes(Number(row.dataset.cell)));
    const seen = inside.filter((row) => !row.hidden);
    const accuracies = seen.map((row) => valueOf(row, column(headings[1]))).filter((one) => typeof one === "number");
    const mean = accuracies.reduce((sum, one) => sum + one, 0) / accuracies.length;
    const figures = accuracies.length ? `: mean accuracy ${percent(mean)}${accuracies.length > 1 ? `, from ${percent(Math.min(...accuracies))} to ${percent(Math.max(...accuracies))}` : ""}` : "";
    const heading = make("tr", { class: "group", hidden: !seen.length },
      make("th", { colspan: headings.length + 1, scope: "rowgroup" }, `${name} ${value}`, make("small", {}, ` ${seen.length} ${seen.length === 1 ? "cell" : "cells"}${figures}`)));
    body.append(heading, ...inside);
  }
}
function arranged() {
  const heading = headings.find((one) => one.hasAttribute("aria-sort"));
  sort(heading?.dataset.key, heading?.getAttribute("aria-sort") === "descending");
}
group.addEventListener("change", () => {
  state.set("group", group.value);
  grouped();
  arranged();
  document.dispatchEvent(new CustomEvent("shown"));
});

const choices = new Map();
for (const row of rows) {
  const cell = Number(row.dataset.cell);
  const name = cells.names[cell];
  const button = (text, label, click) => make("button", { type: "button", "aria-pressed": "false", "aria-label": label, click }, text);
  const made = {
    pin: button("pin", `Pin ${name}`, () => pin(cell)),
    a: button("A", `Compare ${name} as A`, () => choose("a", cell)),
    b: button("B", `Compare ${name} as B`, () => choose("b", cell)),
  };
  choices.set(cell, made);
  row.cells[1].append(made.pin, " ", made.a, " ", made.b);
}
function showPins() {
  for (const [cell, { pin: button }] of choices) button.setAttribute("aria-pressed", pinned.has(cell));
  document.getElementById("unpin").hidden = pinned.size === 0;
}
document.addEventListener("pinned", showPins);
document.getElementById("unpin").addEventListener("click", () => {
  for (const cell of [...pinned]) pin(cell, false);
});

function restoreTable() {
  headings.slice(1).forEach(showColumn);
  if (headings.some((heading) => heading.dataset.key === state.get("group"))) group.value = state.get("group");
  grouped();
  const key = state.get("sort");
  sort(key.replace(/^-/, ""), key.startsWith("-"));
  showPins();
}
restoreTable();

// The comparison table: sort, filter, hide columns, pin cells, choose two. Keyboard: headings and buttons are buttons.
const table = document.getElementById("cells-table");
const body = table.tBodies[0];
const rows = [...body.rows];
const headings = all("thead th[data-key]", table);
const column = (heading) => heading.cellIndex;
const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
const titles = new Map(headings.map((heading) => [heading.dataset.key, heading.textContent.trim()]));
if (rows.length > 30) table.parentElement.classList.add("tall");

const valueOf = (row, index) => {
  const cell = row.cells[index];
  if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
  const text = (index === 0 ? cell.querySelector("bdi") : cell).textContent.trim();
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
  body.append(...keyed.map(([row]) => row));
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

/** A condition on a column ("test acc > 97"), or words that must all be in the row. */
function condition(text) {
  const match = text.match(/^\s*(.+?)\s*(<=|>=|<|>|=)\s*(-?[\d.]+)\s*$/);
  const wanted = match && match[1].toLowerCase().replace(/[^a-z0-9]/g, "");
  const heading = match && headings.find((one) =>
    [one.dataset.key, titles.get(one.dataset.key)].some((name) => name.toLowerCase().replace(/[^a-z0-9]/g, "").includes(wanted)));
  if (!heading) {
    const parts = text.toLowerCase().split(/\s+/).filter(Boolean);
    return (row) => parts.every((part) => words.get(row).includes(part));
  }
  const limit = Number(match[3]);
  const shown = (row) => Number.parseFloat(row.cells[column(heading)].textContent.replace(/,/g, ""));
  const test = { "<": (v) => v < limit, ">": (v) => v > limit, "<=": (v) => v <= limit, ">=": (v) => v >= limit, "=": (v) => v === limit };
  return (row) => test[match[2]](shown(row));
}

const filter = document.getElementById("filter");
function filtered() {
  const passes = condition(filter.value);
  let count = 0;
  for (const row of rows) {
    row.hidden = !passes(row);
    count += !row.hidden;
  }
  document.getElementById("shown").textContent = filter.value ? `${count} of ${rows.length} cells` : "";
}
filter.addEventListener("input", () => {
  filtered();
  state.set("filter", filter.value);
});

const hidden = new Set(state.list("hide"));
function hide(key, off) {
  const heading = headings.find((one) => one.dataset.key === key);
  if (!heading) return;
  for (const row of table.rows) row.cells[column(heading)].hidden = off;
}
document.getElementById("columns").append(...headings.slice(1).map((heading) => {
  const key = heading.dataset.key;
  const box = make("input", {
    type: "checkbox",
    change: () => {
      if (box.checked) hidden.delete(key);
      else hidden.add(key);
      hide(key, !box.checked);
      state.set("hide", [...hidden]);
    },
  });
  box.checked = !hidden.has(key);
  return make("label", {}, box, " ", titles.get(key));
}));

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
  filter.value = state.get("filter");
  filtered();
  hidden.forEach((key) => hide(key, true));
  const key = state.get("sort");
  if (key) sort(key.replace(/^-/, ""), key.startsWith("-"));
  showPins();
}
restoreTable();

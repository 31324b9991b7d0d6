// The filter: words that a row must have, and conditions on columns with the units that the page writes.
const TOKEN = /"[^"]*"|<=|>=|!=|[<>=≤≥≠]|[^\s<>=≤≥≠!"]+|!/g;
const OPERATORS = { "<": (v, w) => v < w, ">": (v, w) => v > w, "<=": (v, w) => v <= w, ">=": (v, w) => v >= w, "=": null, "!=": null };
const ALIKE = { "≤": "<=", "≥": ">=", "≠": "!=" };
const UNITS = { percent: { "%": 0.01, points: 0.01 }, seconds: { ms: 0.001, s: 1, min: 60, h: 3600 }, number: {} };
const OTHER_NAMES = { accuracy: "test_accuracy", time: "train_seconds", training: "train_seconds", name: "cell", f1: "test_f1_macro", precision: "test_precision_macro", recall: "test_recall_macro" };
const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
const unitOf = (heading) => heading.dataset.unit ?? "text";
const columnNames = new Map(headings.map((heading) => [heading, [heading.dataset.key, titles.get(heading.dataset.key)].map(plain)]));

/** The column of that name, or of which it is the beginning; several: all of them. */
function columnsNamed(text, numeric) {
  const wanted = plain(text);
  if (!wanted) return [];
  const some = (test) => headings.filter((heading) => columnNames.get(heading).some(test));
  const exact = some((name) => name === wanted);
  if (exact.length) return exact.slice(0, 1);
  const known = wanted === "loss" ? (numeric ? "test_loss" : "loss") : OTHER_NAMES[wanted];
  const other = headings.filter((heading) => heading.dataset.key === known);
  return other.length ? other : some((name) => name.startsWith(wanted));
}

/** A text as { words, tests } or { problem }. */
function asked(text) {
  const tokens = (text.match(TOKEN) ?? []).map((token) => (ALIKE[token] ?? token).replace(/(?<=.)[,;]$/, "")).filter((token) => !/^([,;]|and)$/.test(token));
  const words = [], tests = [];
  let left = []; // words since the last condition
  for (let at = 0; at < tokens.length; at++) {
    const operator = tokens[at];
    if (!(operator in OPERATORS)) {
      left.push(operator.replaceAll('"', "").toLowerCase());
      continue;
    }
    const value = tokens[at + 1]?.replaceAll('"', "");
    if (value === undefined || value in OPERATORS) return { problem: `Nothing to compare with after “${[...left, operator].join(" ")}”` };
    const numeric = number(value) !== null;
    let found = [], from = 0;
    for (; from < left.length && !found.length; from++) found = columnsNamed(left.slice(from).join(""), numeric);
    const name = left.slice(found.length ? from - 1 : 0).join(" ");
    if (!found.length) return { problem: name ? `No column is called “${name}”` : `Which column? “${operator} ${value}”` };
    if (found.length > 1) return { problem: `“${name}” may be ${found.map((heading) => titles.get(heading.dataset.key)).join(" or ")}` };
    words.push(...left.slice(0, from - 1));
    left = [];
    const [heading] = found;
    const title = titles.get(heading.dataset.key), index = column(heading);
    if (unitOf(heading) === "text") {
      const made = textTest(heading, index, title, operator, tokens, at + 1);
      if (made.problem) return made;
      tests.push(made.test);
      at += made.used;
      continue;
    }
    const given = number(value);
    if (!given) return { problem: `“${value}” is not a number: ${title} holds numbers` };
    const units = UNITS[unitOf(heading)];
    let unit = given.unit, used = 1;
    if (!unit && Object.values(UNITS).some((known) => tokens[at + 2] in known)) [unit, used] = [tokens[at + 2], 2];
    if (unit && !(unit in units)) return { problem: `“${unit}” is not a unit of ${title}${Object.keys(units).length ? `: ${Object.keys(units).join(", ")}` : ", which has none"}` };
    const factor = unit ? units[unit] : unitOf(heading) === "percent" ? 0.01 : 1;
    const wanted = given.value * factor, near = given.half * factor + 1e-12;
    const test = { "=": (v) => Math.abs(v - wanted) <= near, "!=": (v) => Math.abs(v - wanted) > near }[operator] ?? ((v) => OPERATORS[operator](v, wanted));
    tests.push((row) => typeof valueOf(row, index) === "number" && test(valueOf(row, index)));
    at += used;
  }
  return { words: [...words, ...left], tests };
}

/** A number with its unit, and half of its last digit: what "=" takes as equal. */
function number(text) {
  const match = text.replace(/−/g, "-").match(/^([-+]?(?:\d[\d,]*\.?\d*|\.\d+)(?:e[-+]?\d+)?)(%|[a-z]+)?$/i);
  if (!match) return null;
  const digits = match[1].replace(/,/g, "");
  const [base, power] = digits.toLowerCase().split("e");
  const decimals = (base.split(".")[1] ?? "").length - Number(power ?? 0);
  return { value: Number(digits), unit: match[2], half: 0.5 * 10 ** -decimals };
}

function textTest(heading, index, title, operator, tokens, at) {
  if (operator !== "=" && operator !== "!=") return { problem: `${title} holds words: compare with = or !=` };
  const known = new Map(rows.map((row) => [textOf(row, index).toLowerCase(), row]));
  for (let used = tokens.length - at; used > 0; used--) {
    const value = tokens.slice(at, at + used).join(" ").replaceAll('"', "").toLowerCase();
    if (known.has(value)) return { used, test: (row) => (textOf(row, index).toLowerCase() === value) === (operator === "=") };
  }
  const values = [...known.keys()];
  return { problem: `No cell has ${title} “${tokens[at].replaceAll('"', "")}”: ${values.slice(0, 6).join(", ")}${values.length > 6 ? ", …" : ""}` };
}

const filter = document.getElementById("filter");
function filtered() {
  const { words: wanted, tests, problem } = asked(filter.value);
  out.clear();
  for (const row of rows) {
    row.hidden = !problem && !(wanted.every((word) => words.get(row).includes(word)) && tests.every((test) => test(row)));
    if (row.hidden) out.add(Number(row.dataset.cell));
  }
  filter.setAttribute("aria-invalid", Boolean(problem));
  document.getElementById("shown").textContent = problem ?? (filter.value.trim() ? `${rows.length - out.size} of ${rows.length} cells` : "");
  if (groups.size) arranged();
  showCells();
}
filter.addEventListener("input", () => {
  filtered();
  state.set("filter", filter.value);
});
// A value of a chart's axis is a condition.
for (const text of all("[data-condition]")) text.addEventListener("click", () => {
  filter.value = `${filter.value} ${text.dataset.condition}`.trim();
  filter.dispatchEvent(new Event("input"));
});
filter.value = state.get("filter");
filtered();

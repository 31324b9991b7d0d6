// Two cells, image by image: counts, difference with interval, McNemar's mid-p, and the images behind each count.
const QUARTERS = [
  ["both right", true, true],
  ["only A right", true, false],
  ["only B right", false, true],
  ["both wrong", false, false],
];

/** McNemar's mid-p: twice the binomial tail at or below the lesser count, less the probability of that count itself. */
function midP(one, other) {
  const n = one + other, k = Math.min(one, other);
  if (n === 0) return 1;
  let tail = 0;
  for (let i = 0; i <= k; i++) tail += binomial(n, i);
  return Math.min(1, 2 * tail - binomial(n, k));
}
const logFactorials = [0];
function binomial(n, k) {
  for (let i = logFactorials.length; i <= n; i++) logFactorials.push(logFactorials[i - 1] + Math.log(i));
  return Math.exp(logFactorials[n] - logFactorials[k] - logFactorials[n - k] - n * Math.LN2);
}

/** Agresti and Min's interval for a difference of paired proportions: Wald's with half an image added to each count. */
function interval(onlyA, onlyB, n) {
  const a = onlyA + 0.5, b = onlyB + 0.5, total = n + 2;
  const middle = (b - a) / total;
  const reach = cells.z * Math.sqrt(a + b - (b - a) ** 2 / total) / total;
  return [Math.max(-1, middle - reach), Math.min(1, middle + reach)];
}
const sides = (p) => [0.001, 0.01, 0.05, 0.1].map((level) => p < level).join();
const writeP = (p) => {
  if (p < 0.001) return "p <\u202f0.001";
  let digits = p < 0.1 ? 3 : 2;
  while (sides(+p.toFixed(digits)) !== sides(p)) digits += 1; // as format.py: a level is not reached by rounding
  return "p = " + p.toFixed(digits);
};
const chosen = { a: cells.baseline ?? 0, b: -1 };
const selects = { a: document.getElementById("pair-a"), b: document.getElementById("pair-b") };

function choose(side, cell) {
  chosen[side] = cell;
  selects[side].value = String(cell);
  state.set(side, cells.names[cell]);
  showPair();
}

/** The settings of two cells side by side: those that differ, and how many are the same. */
function showSettings() {
  const place = document.getElementById("pair-settings");
  const [one, other] = [chosen.a, chosen.b].map((cell) => rows.find((row) => Number(row.dataset.cell) === cell));
  const settings = headings.filter((heading) => heading.classList.contains("setting"));
  const differ = other ? settings.filter((heading) => textOf(one, column(heading)) !== textOf(other, column(heading))) : [];
  const same = Number(place.dataset.same ?? 0) + settings.length - differ.length;
  if (!other) return place.replaceChildren();
  if (!differ.length) return place.replaceChildren(make("p", { class: "note" }, "Their settings are the same."));
  const row = (heading) => make("tr", {}, make("th", { scope: "row" }, titles.get(heading.dataset.key)), ...[one, other].map((held) => make("td", {}, textOf(held, column(heading)))));
  place.replaceChildren(make("table", { class: "settings" }, make("caption", {}, `Settings that differ (${same} are the same)`),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "Setting"), ...["a", "b"].map((side) => make("th", { scope: "col" }, `${side.toUpperCase()}: `, make("bdi", {}, cells.names[chosen[side]]))))),
    make("tbody", {}, differ.map(row))));
}

function showPair() {
  showSettings();
  for (const [cell, { a, b }] of choices) {
    a.setAttribute("aria-pressed", cell === chosen.a);
    b.setAttribute("aria-pressed", cell === chosen.b);
  }
  const result = document.getElementById("pair-result");
  if (chosen.b < 0) return result.replaceChildren(make("p", {}, "There is only one cell."));
  const one = predictions(chosen.a), other = predictions(chosen.b);
  const names = { a: cells.names[chosen.a], b: cells.names[chosen.b] };
  if (!one || !other) return result.replaceChildren(make("p", {}, "One of the two has no predictions: it failed."));
  const labels = labelsOf();
  const groups = QUARTERS.map(() => []);
  labels.forEach((label, index) => {
    const right = one.predicted[index] === label, too = other.predicted[index] === label;
    groups[(right ? 0 : 2) + (right === too ? (right ? 0 : 1) : right ? 1 : 0)].push(index);
  });
  const [, onlyA, onlyB] = groups.map((group) => group.length);
  const difference = (onlyB - onlyA) / labels.length;
  const [low, high] = interval(onlyA, onlyB, labels.length);
  const p = midP(onlyA, onlyB);
  const caption = (index) => {
    const taken = (who, side) => `${side}: ${cells.classes[who.predicted[index]]}${who.predicted[index] === labels[index] ? "" : " " + percent(who.probability[index], 1)}`;
    return `${cells.classes[labels[index]]}; ${taken(one, "A")}, ${taken(other, "B")}`;
  };
  const quarter = (place) => make("td", { class: place === 1 || place === 2 ? "apart" : false }, make("button", {
    type: "button",
    "data-quarter": QUARTERS[place][0],
    "aria-label": `${QUARTERS[place][0]}: ${groups[place].length} images, show them`,
    click: () => view(`${QUARTERS[place][0]}: A is ${names.a}, B is ${names.b}`, groups[place], caption),
  }, whole(groups[place].length)));
  result.replaceChildren(
    make("table", { class: "four" },
      make("caption", { class: "visually-hidden" }, "Test images by who is right"),
      make("thead", {}, make("tr", {}, make("td", {}), make("th", { scope: "col" }, "B right"), make("th", { scope: "col" }, "B wrong"))),
      make("tbody", {},
        make("tr", {}, make("th", { scope: "row" }, "A right"), quarter(0), quarter(1)),
        make("tr", {}, make("th", { scope: "row" }, "A wrong"), quarter(2), quarter(3)))),
    make("p", { id: "pair-text" },
      make("strong", {}, difference === 0 ? "Equal test accuracy" : low <= 0 && high >= 0 ? "No significant difference in test accuracy between these two models" : `B is ${(100 * Math.abs(difference)).toFixed(2)} points ${difference < 0 ? "lower" : "higher"} than A in test accuracy`),
      ` (B − A: ${points(difference)}, ${percent(cells.confidence, 0)} interval ${points(low)} to ${points(high)}), ${writeP(p)}. A is `, make("bdi", {}, names.a), `, seed ${one.seed}; B is `, make("bdi", {}, names.b), `, seed ${other.seed}. Each count opens its images.`));
}

for (const side of ["a", "b"]) {
  selects[side].append(...cells.names.map((name, index) => make("option", { value: index }, name)));
  selects[side].addEventListener("change", () => choose(side, Number(selects[side].value)));
}
document.getElementById("pair-swap").addEventListener("click", () => {
  const { a, b } = chosen;
  choose("a", b);
  choose("b", a);
});
function restorePair() {
  const usable = cells.names.map((_, index) => index).filter((index) => models().models[index]);
  const asked_ = (side) => cells.names.indexOf(state.get(side));
  chosen.a = asked_("a") >= 0 ? asked_("a") : usable.includes(chosen.a) ? chosen.a : usable[0] ?? 0;
  const others = usable.filter((index) => index !== chosen.a);
  const first = chosen.a === cells.baseline && others.includes(cells.partner) ? cells.partner : others[0];
  chosen.b = asked_("b") >= 0 ? asked_("b") : first ?? -1;
  for (const side of ["a", "b"]) selects[side].value = String(chosen[side]);
  showPair();
}
restorePair();

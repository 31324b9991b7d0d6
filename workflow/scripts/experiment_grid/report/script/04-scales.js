// Scales of charts: losses by their logarithm, accuracies by their errors, ticks on round numbers (as figures/scales.py).
const ACCURACIES = [0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999];
const PLACES = {
  errors: (value) => -Math.log10(Math.max(1 - value, 5e-5)),
  log: (value) => Math.log10(value),
  linear: (value) => value,
};

/** The scale for values of a measure, with its limits: { at, low, high, ticks, write }; `at` is 0 at the bottom, 1 at the top. */
function scaleOf(measure, values, most) {
  const accuracy = measure.endsWith("accuracy");
  const kind = accuracy ? "errors" : values.every((value) => value > 0) ? "log" : "linear";
  const place = PLACES[kind];
  const low = place(Math.min(...values)), high = place(Math.max(...values));
  const reach = Math.max(0.05 * (high - low), kind === "linear" ? 1e-9 : 0.015);
  const from = accuracy ? Math.max(low - reach, 0) : low - reach, to = high + reach;
  const at = (value) => (place(value) - from) / (to - from);
  const back = { errors: (x) => 1 - 10 ** -x, log: (x) => 10 ** x, linear: (x) => x }[kind];
  const [least, greatest] = [back(from), back(to)];
  const first = kind === "errors" ? ACCURACIES : kind === "log" ? powers(least, greatest) : [];
  const shown = ticksOf(least, greatest, most, at, first);
  return { at, low: least, high: greatest, ticks: shown, write: accuracy ? (value) => Number((100 * value).toPrecision(6)) + " %" : (value) => String(Number(value.toPrecision(4))) };
}
function ticksOf(low, high, most, at, first = []) {
  for (const candidates of [first, ...multiples(low, high)]) {
    const kept = [];
    for (const value of [...candidates].reverse()) {
      if (value >= low && value <= high && (!kept.length || at(kept.at(-1)) - at(value) >= 1 / most)) kept.push(value);
    }
    if (kept.length >= 3) return kept;
  }
  return [low, high];
}
const powers = (low, high) => {
  const made = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) for (const digit of [1, 2, 5]) made.push(digit * 10 ** power);
  return made;
};
function* multiples(low, high, whole_ = false) {
  if (!(high > low)) return;
  const top = Math.floor(Math.log10(high - low)) + 1;
  for (let power = top; power > top - 4; power--) for (const digit of [5, 2, 1]) {
    const step = digit * 10 ** power;
    if (whole_ && step < 1) return;
    const made = [];
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high * (1 + 1e-12); n++) made.push(Number((n * step).toPrecision(12)));
    yield made;
  }
}
/** Round values between two, not more than `most`: whole ones for epochs. */
function roundTicks(low, high, most, whole_) {
  let best = whole_ ? [Math.ceil(low), Math.floor(high)] : [low, high];
  for (const made of multiples(low, high, whole_)) {
    if (made.length > most) break;
    if (made.length) best = made;
  }
  return [...new Set(best)];
}

// The page itself: which part is being read, links and history, menus, theme, print, downloads.
const links = new Map(all(".contents a").map((link) => [link.hash.slice(1), link]));
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    links.forEach((link) => link.removeAttribute("aria-current"));
    links.get(entry.target.id)?.setAttribute("aria-current", "true");
  }
}, { rootMargin: "-15% 0px -75% 0px" });
all("main > section").forEach((section) => watcher.observe(section));

// A link to a part or a cell keeps the state, and opens what is closed.
function go(id, focus) {
  const target = document.getElementById(id);
  if (!target) return;
  for (let outer = target; outer; outer = outer.parentElement) if (outer.matches("details")) outer.open = true;
  target.scrollIntoView({ behavior: focus ? "auto" : "instant" });
  if (focus && !target.hasAttribute("tabindex") && target.matches("section, h3")) target.tabIndex = -1;
  if (focus) (target.matches("details") ? target.querySelector("summary") : target).focus({ preventScroll: true });
}
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element && event.target.closest('a[href^="#"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  state.enter(link.hash.slice(1));
  go(state.part, true);
});
history.replaceState(OWN, "", location.href);
window.addEventListener("popstate", (event) => {
  if (!event.state?.page) return location.reload(); // another address was typed
  state.part = location.hash.slice(1).split("&").find((one) => one && !one.includes("=")) ?? "";
  state.write();
  if (state.part) go(state.part, false);
  else scrollTo({ top: 0, behavior: "instant" });
});

// Menus close by Escape and by a click elsewhere, and one at a time.
const menus = all("details.menu");
document.addEventListener("click", (event) => {
  for (const menu of menus) if (menu.open && !menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && menus.find((menu) => menu.open);
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});
for (const button of all("[data-more-columns]")) button.addEventListener("click", () => {
  const brief = document.getElementById(button.dataset.moreColumns).classList.toggle("brief");
  button.setAttribute("aria-pressed", !brief);
});

const theme = document.getElementById("theme");
const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const nameTheme = () => { theme.textContent = dark() ? "Light" : "Dark"; };
function setTheme(name) {
  if (["dark", "light"].includes(name)) document.documentElement.dataset.theme = name;
  nameTheme();
}
theme.addEventListener("click", () => {
  setTheme(dark() ? "light" : "dark");
  state.set("theme", document.documentElement.dataset.theme);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
setTheme(state.get("theme"));

// On paper everything is open; afterwards what was closed is closed again.
for (const details of all("details.script-closed")) details.open = false;
let opened = [];
window.addEventListener("beforeprint", () => {
  if (cells.names.length <= 200) blocks.forEach(fill);
  opened = all("details:not([open]):not(.menu):not(.screen)");
  opened.forEach((details) => { details.open = true; });
});
window.addEventListener("afterprint", () => opened.forEach((details) => { details.open = false; }));
document.getElementById("print").addEventListener("click", () => print());
document.getElementById("copy-link").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    say("Link copied");
  } catch {
    prompt("The link to this state of the page:", location.href);
  }
});

function save(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
const TYPES = { csv: "text/csv", json: "application/json", tex: "application/x-tex", md: "text/markdown" };
const files = { ...read("downloads"), "results.json": () => JSON.stringify({ cells, curves: curves(), confusion: confusion() }) };
document.getElementById("exports").append(...Object.entries(files).map(([name, content]) => make("button", {
  type: "button",
  "data-download": name,
  click: () => save(name, typeof content === "function" ? content() : content, TYPES[name.split(".").pop()]),
}, name)));

/** A figure as a file of its own: the colours that it has now, written out. */
for (const button of all("[data-save]")) button.addEventListener("click", () => {
  const chart_ = (button.closest("figure") ?? focusBox).querySelector("svg");
  const copy = chart_.cloneNode(true);
  const shown = all("*", chart_);
  all("*", copy).forEach((element, place) => {
    for (const key of ["fill", "stroke"]) if (element.hasAttribute(key)) element.setAttribute(key, getComputedStyle(shown[place])[key]);
  });
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("font-family", "sans-serif");
  save(button.dataset.save, new XMLSerializer().serializeToString(copy), "image/svg+xml");
});

if (state.part) go(state.part, false);

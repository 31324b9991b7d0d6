"""Matplotlib's SVG made part of the page: the style sheet's colours and font, cells that can be pointed
at, no ids that clash."""

import re
from xml.etree import ElementTree

from markupsafe import Markup

from experiment_grid.report.figures.style import GRID, VARIABLES

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
# A style attribute needs 'unsafe-inline' in the Content-Security-Policy, a presentation attribute does not.
DEFAULTS = {"text-anchor": "start", "stroke-dasharray": "", "stroke-width": "1", "opacity": "1"}
KEPT = (
    "font-size",
    "font-weight",
    "text-anchor",
    "fill",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "stroke-linecap",
    "opacity",
    "fill-opacity",
    "stroke-opacity",
)
CELL = re.compile(r"cell-(\d+)$")
PAIR = re.compile(r"pair-(\d+)-(\d+)$")  # gid of what belongs to two cells
POINT = re.compile(r"([MLz])(?:(-?[\d.]+) (-?[\d.]+))?")
LINES = re.compile(f"(?:{POINT.pattern})+")
VALUE = "value "  # before a condition for the filter, as gid of the text that is clicked for it


def inline(svg: bytes, name: str, title: str) -> Markup:
    """The SVG as markup for the page.

    `name` keeps its ids apart from other figures', `title` is what a screen reader says. An artist whose gid or url is
    `cell-<index>` becomes an element with `data-cell="<index>"`.
    """
    root = ElementTree.fromstring(svg)
    for metadata in root.findall(f"{SVG}metadata"):
        root.remove(metadata)
    used = _used_ids(root)
    for element in root.iter():
        _restyle(element)
        _shorten(element)
        _rename(element, name, used)
        _link_cell(element)
    for key in ("width", "height", "version"):
        root.attrib.pop(key)
    root.set("role", "img")
    root.set("aria-label", title)
    root.set("class", "chart")
    _slim(root)
    text = ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)
    text = text.replace("ns0:", "").replace("xmlns:ns0=", "xmlns=").replace("ns1:href", "href")
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text)
    return Markup(re.sub(r">\s+<", "><", text).replace(" />", "/>"))


def _used_ids(root: ElementTree.Element) -> set[str]:
    used = set()
    for element in root.iter():
        used.update(re.findall(r"#([^)\"'\s]+)", " ".join(element.attrib.values())))
    return used


def _restyle(element: ElementTree.Element) -> None:
    for declaration in element.attrib.pop("style", "").split(";"):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key == "font":
            element.set("font-size", re.findall(r"[\d.]+px", value)[0])
            if re.match(r"(bold|[67]00)\b", value):
                element.set("font-weight", "600")
        elif key in KEPT and DEFAULTS.get(key) != value:
            element.set(key, value)
    element.attrib.pop("clip-path", None)  # limits leave room for all that is drawn
    if element.get("stroke") == GRID:
        element.attrib.pop("stroke-linecap", None)
    for key in ("fill", "stroke"):
        colour = element.get(key, "").lower()
        if colour in VARIABLES:
            element.set(key, f"var(--{VARIABLES[colour]})")
    if element.tag == f"{SVG}text" and "fill" not in element.attrib:
        element.set("fill", "currentColor")


def _shorten(element: ElementTree.Element) -> None:
    """Round to a tenth of a point, which is finer than a line, and drop turns by nothing."""
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    for key in ("d", "x", "y", "transform"):
        if key in element.attrib:
            value = re.sub(r"(\.\d)\d+", r"\1", element.attrib[key])
            element.set(key, _steps(re.sub(r"\s*([A-Zz])\s*", r"\1", value).strip()) if key == "d" else value)


def _steps(path: str) -> str:
    """A path of straight lines as steps from point to point, which is shorter."""
    if not LINES.fullmatch(path):
        return path
    made, before = [], (0, 0)
    for command, *point in POINT.findall(path):
        if command == "z":
            made.append(command)
            continue
        at = round(10 * float(point[0])), round(10 * float(point[1]))
        x, y = at if command == "M" else (at[0] - before[0], at[1] - before[1])
        made.append(f"{command if command == 'M' else 'l'}{x / 10:g} {y / 10:g}")
        before = at
    return re.sub(r" (?=-)", "", "".join(made))


def _rename(element: ElementTree.Element, name: str, used: set[str]) -> None:
    identity = element.attrib.get("id")
    if identity and identity.startswith(VALUE):
        element.set("data-condition", identity.removeprefix(VALUE))
        del element.attrib["id"]
    elif identity and (pair := PAIR.match(identity)):
        element.set("data-cells", " ".join(pair.groups()))
        del element.attrib["id"]
    elif identity and not CELL.match(identity):
        if identity in used:
            element.set("id", f"{name}-{identity}")
        else:
            del element.attrib["id"]
    for key, value in list(element.attrib.items()):
        if "url(#" in value:
            element.set(key, value.replace("url(#", f"url(#{name}-"))
        elif key == LINK and element.tag != f"{SVG}a":
            element.set(key, f"#{name}-{value.removeprefix('#')}")


def _link_cell(element: ElementTree.Element) -> None:
    """Turn a gid or url `cell-<index>` into `data-cell`."""
    key = LINK if element.tag == f"{SVG}a" else "id"
    match = CELL.match(element.attrib.get(key, ""))
    if not match:
        return
    del element.attrib[key]
    element.attrib.pop("target", None)
    element.tag = f"{SVG}g"
    element.set("data-cell", match.group(1))


def _slim(parent: ElementTree.Element) -> None:
    """Drop what draws nothing: the defaults' style, clips, empty elements, and groups without attributes."""
    children: list[ElementTree.Element] = []
    for child in parent:
        _slim(child)
        if parent.tag == f"{SVG}defs":  # a marker: each use of it has its colours
            for key in ("fill", "stroke"):
                child.attrib.pop(key, None)
        if child.tag in (f"{SVG}style", f"{SVG}clipPath") or (
            child.tag in (f"{SVG}g", f"{SVG}defs") and not len(child)
        ):
            continue
        children += list(child) if child.tag == f"{SVG}g" and not child.attrib else [child]
    parent[:] = children

// Arrow keys go from point to point of a chart.
class PointCursor {
  // `show(text, box)` and `hide()` are of the tooltip.
  constructor(canvas, show, hide) {
    this.canvas = canvas;
    this.show = show;
    this.hide = hide;
    this.index = -1;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "group");
    canvas.addEventListener("keydown", (event) => this.press(event));
    canvas.addEventListener("blur", () => this.leave());
  }

  // By series, then from left to right.
  points() {
    return [...this.canvas.querySelectorAll(".mark-symbol path, .mark-rect path")].filter((node) => node.__data__?.datum?.tip)
      .map((node) => ({ node, datum: node.__data__.datum }))
      .map(({ node, datum }) => ({ node, datum, series: datum.row ?? datum.s, x: datum.x ?? datum.y0 ?? 0 }))
      .sort((a, b) => (a.series > b.series) - (a.series < b.series) || a.x - b.x);
  }

  press(event) {
    const points = this.points();
    const here = points[this.index];
    const series = [...new Set(points.map((point) => point.series))];
    // The nearest point of the next or previous series.
    const other = (step) => {
      const wanted = series[series.indexOf(here?.series) + step];
      const candidates = points.filter((point) => point.series === wanted);
      if (!here || candidates.length === 0) return Math.max(this.index, 0);
      return points.indexOf(candidates.reduce((a, b) => (Math.abs(b.x - here.x) < Math.abs(a.x - here.x) ? b : a)));
    };
    const moves = {
      ArrowRight: () => Math.min(this.index + 1, points.length - 1), ArrowLeft: () => Math.max(this.index - 1, 0),
      ArrowDown: () => other(1), ArrowUp: () => other(-1), Home: () => 0, End: () => points.length - 1,
    };
    if (event.key === "Escape") this.leave();
    if (!moves[event.key] || points.length === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.index = moves[event.key]();
    points.forEach(({ node }, i) => node.classList.toggle("current", i === this.index));
    const { node, datum } = points[this.index];
    this.show(datum.tip, node.getBoundingClientRect());
  }

  leave() {
    this.index = -1;
    for (const node of this.canvas.querySelectorAll(".current")) node.classList.remove("current");
    this.hide();
  }
}

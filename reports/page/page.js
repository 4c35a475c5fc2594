// Draws the charts of the page. Text from result files is always set as text, never as markup.
(() => {
  const { charts, specs } = JSON.parse(document.getElementById("data").textContent);
  const vega = charts.length > 0 ? loadVega() : null;
  const tip = document.getElementById("tip");

  // The modules are CommonJS; one of them requires vega-selection as "vega-selections".
  function loadVega() {
    const loaded = {};
    const require = (name) => {
      const key = name === "vega-selections" ? "vega-selection" : name;
      if (!loaded[key]) {
        const module = { exports: {} };
        loaded[key] = module;
        vegaModules[key].call(window, module.exports, module, require);
      }
      return loaded[key].exports;
    };
    const { transforms } = require("vega-dataflow");
    for (const name of ["vega-transforms", "vega-view-transforms", "vega-encode"]) Object.assign(transforms, require(name));
    return { parse: require("vega-parser").parse, View: require("vega-view").View, expr: require("vega-interpreter").expressionInterpreter };
  }

  const element = (tag, properties, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };

  const config = {
    background: null,
    axis: {
      labelColor: "var(--faint)", titleColor: "var(--faint)", gridColor: "var(--line)", domainColor: "var(--line)",
      tickColor: "var(--line)", labelFontSize: 11, titleFontSize: 12, titleFontWeight: 500, titlePadding: 8,
      labelFont: "system-ui, sans-serif", titleFont: "system-ui, sans-serif", labelOverlap: "greedy", labelFlush: false,
    },
    text: { font: "system-ui, sans-serif" },
  };

  // Diagonal lines in each series' colour, for the bands of projections.
  function hatches() {
    const svg = (tag, attributes, ...children) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
      node.append(...children);
      return node;
    };
    const patterns = [0, 1, 2, 3, 4, 5, 6, 7].map((index) =>
      svg("pattern", { id: `hatch-${index}`, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        svg("line", { x1: 0, y1: 0, x2: 0, y2: 6, style: `stroke: var(--s${index}); stroke-width: 1.5` })));
    return svg("svg", { width: 0, height: 0, "aria-hidden": "true", style: "position: absolute" }, svg("defs", {}, ...patterns));
  }

  function showTip(text, box) {
    tip.textContent = text;
    tip.hidden = false;
    const own = tip.getBoundingClientRect();
    const above = box.top - own.height - 10;
    tip.style.left = `${Math.max(8, Math.min(box.right + 10, innerWidth - own.width - 8))}px`;
    tip.style.top = `${above > 8 ? above : Math.min(box.bottom + 10, innerHeight - own.height - 8)}px`;
  }
  const hideTip = () => { tip.hidden = true; };

  // One drawing: a pick of a chart.
  class Panel {
    constructor(chart, pick, shared, height) {
      Object.assign(this, { chart, pick, shared, height });
      this.canvas = element("div", { className: "chart" });
      this.canvas.setAttribute("aria-label", `${chart.title}: ${pick.label}. Arrow keys show the values.`);
      this.note = element("p", { className: "note", textContent: pick.note ?? "" });
      this.node = element("div", { className: "panel" }, element("h3", { textContent: pick.label }), this.canvas, this.note);
      this.cursor = new PointCursor(this.canvas, showTip, hideTip);
    }

    draw(hidden) {
      const width = this.canvas.clientWidth;
      if (this.view) this.view.finalize();
      const spec = specification(specs, this.chart, this.pick, Math.max(240, width - 1), this.height, this.shared);
      const runtime = vega.parse(fill(spec, {}, { hidden: [...hidden] }), config, { ast: true });
      const tooltip = (_handler, event, _item, value) => (value?.tip
        ? showTip(value.tip, { top: event.clientY, bottom: event.clientY, right: event.clientX }) : hideTip());
      this.view = new vega.View(runtime, { renderer: "svg", container: this.canvas, hover: true, expr: vega.expr, tooltip });
      this.view.run();
      this.width = width;
      const svg = this.canvas.querySelector("svg");
      if (svg) svg.setAttribute("aria-label", `${this.chart.title}: ${this.pick.label}`);
    }

    hide(hidden) { this.view.signal("hidden", [...hidden]).run(); }
  }

  // Few picks are panels side by side where there is room; of many, one is selected.
  const mostPanels = 6;
  const roomForPanels = matchMedia("(min-width: 56rem), print");

  class Figure {
    constructor(chart) {
      this.chart = chart;
      this.chosen = 0;
      this.hidden = new Set();
      this.legend = element("div", { className: "legend" });
      this.controls = element("div", { className: "controls" }, this.legend);
      this.panels = element("div", { className: "panels" });
      this.node = element("figure", { id: chart.id }, element("h2", { textContent: chart.title }),
        element("p", { className: "about", textContent: chart.about }), this.controls, this.panels);
    }

    chooser() {
      const select = element("select", { ariaLabel: `Select: ${this.chart.title}` });
      const groups = new Map();
      this.chart.picks.forEach((pick, index) => {
        if (!groups.has(pick.group)) groups.set(pick.group, []);
        groups.get(pick.group).push(element("option", { value: index, textContent: pick.label, selected: index === this.chosen }));
      });
      for (const [label, options] of groups) {
        select.append(...(groups.size > 1 ? [element("optgroup", { label }, ...options)] : options));
      }
      select.addEventListener("change", () => {
        this.chosen = Number(select.value);
        this.draw();
      });
      return select;
    }

    drawLegend(picks) {
      const series = new Map(picks.flatMap((pick) => pick.series));
      const projected = new Set(picks.flatMap((pick) => (pick.points ?? []).filter((p) => p.projected).map((p) => p.s)));
      const entries = [...series].sort((a, b) => a[0] - b[0]);
      this.legend.replaceChildren(...entries.map(([index, name]) => {
        const key = element("span", { className: index < 8 ? "key" : "key dashed" });
        const color = `var(--s${index % 8})`;
        key.style.background = projected.has(index) ? `repeating-linear-gradient(45deg, ${color} 0 2px, transparent 2px 4px)` : color;
        const button = element("button", { type: "button", ariaPressed: String(!this.hidden.has(index)) }, key, element("span", { textContent: name }));
        button.addEventListener("click", () => {
          this.hidden.has(index) ? this.hidden.delete(index) : this.hidden.add(index);
          button.ariaPressed = String(!this.hidden.has(index));
          for (const panel of this.drawn) panel.hide(this.hidden);
        });
        return button;
      }));
    }

    draw() {
      const { picks, spec } = this.chart;
      this.sideBySide = spec !== "samples" && picks.length > 1 && picks.length <= mostPanels && roomForPanels.matches;
      const focused = this.controls.contains(document.activeElement) && document.activeElement.tagName === "SELECT";
      const chooser = picks.length > 1 && !this.sideBySide ? [this.chooser()] : [];
      if (!focused || chooser.length === 0) this.controls.replaceChildren(...chooser, this.legend);
      const shown = this.sideBySide ? picks : [picks[this.chosen]];
      this.drawLegend(shown);
      const shared = this.sideBySide ? sharedRange(this.chart) : undefined;
      const height = this.sideBySide ? 270 : innerWidth < 600 ? 300 : 380;
      for (const panel of this.drawn ?? []) panel.view.finalize();
      this.drawn = shown.map((pick) => new Panel(this.chart, pick, shared, height));
      this.panels.className = `panels ${this.sideBySide ? "several" : ""} ${chooser.length > 0 ? "chosen" : ""}`;
      this.panels.replaceChildren(...this.drawn.map((panel) => panel.node));
      for (const panel of this.drawn) panel.draw(this.hidden);
    }

    // Draws again where the room has changed.
    fit() {
      if (!this.drawn) return this.draw();
      const several = this.sideBySide;
      const wouldBe = this.chart.spec !== "samples" && this.chart.picks.length > 1 && this.chart.picks.length <= mostPanels && roomForPanels.matches;
      if (several !== wouldBe) return this.draw();
      for (const panel of this.drawn) if (panel.canvas.clientWidth !== panel.width) panel.draw(this.hidden);
    }
  }

  const wanted = new URLSearchParams(location.hash.slice(1));
  document.body.append(hatches());
  const figures = charts.map((chart) => new Figure(chart));
  document.getElementById("charts").append(...figures.map((figure) => figure.node));
  if (wanted.has("picture")) {
    const figure = figures.find((one) => one.chart.id === wanted.get("picture"));
    document.documentElement.classList.add("picture");
    figure.node.classList.add("wanted");
    figure.node.append(element("p", { className: "about", textContent: document.querySelector(".machines").innerText }));
    figure.chart.picks = [figure.chart.picks[Number(wanted.get("pick"))]];
    figure.draw();
    return;
  }

  // Long tables would push everything else out of reach on a small screen.
  const mostRows = 40;
  if (innerWidth < 768) {
    for (const details of document.querySelectorAll("#tables details[open]")) {
      details.open = details.querySelectorAll("tbody tr").length <= mostRows;
    }
  }

  // All charts are drawn at once, one by one, so that the page answers in between.
  const fitAll = () => figures.forEach((figure) => figure.fit());
  (function drawNext(index) {
    if (index === figures.length) return;
    figures[index].fit();
    setTimeout(drawNext, 0, index + 1);
  })(0);
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details:not(.cases)").forEach((details) => { details.open = true; });
    fitAll();
  });
  matchMedia("print").addEventListener("change", fitAll);
  addEventListener("resize", fitAll);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
})();

// Draws the charts of the page. Text from result files is always set as text, never as markup.
"use strict";
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
      labelFont: "system-ui, sans-serif", titleFont: "system-ui, sans-serif", labelOverlap: "greedy", labelFlush: true,
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

  const extent = (values) => [Math.min(...values), Math.max(...values)];

  function domains(pick) {
    const xs = [...pick.points, ...pick.rules].filter((p) => p.x > 0).map((p) => p.x);
    const ys = [...pick.points.flatMap((p) => [p.lo, p.hi]), ...pick.rules.map((r) => r.y)].filter((y) => y > 0);
    const [x0, x1] = extent(xs), [y0, y1] = extent(ys);
    return { x: [x0 / 1.08, x1 * 1.08], y: [y0 / 1.25, y1 * 1.25] };
  }

  // At most eight ticks: 1-2-5 steps if they fit, else decades.
  function roundTicks([low, high]) {
    const ticks = [];
    for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); ++decade) {
      for (const digit of [1, 2, 5]) ticks.push(Number(`${digit}e${decade}`));
    }
    const inside = ticks.filter((tick) => tick >= low && tick <= high);
    return inside.length <= 8 ? inside : inside.filter((tick) => Math.abs(Math.log10(tick) % 1) < 1e-9);
  }

  function specification(chart, pick) {
    const spec = structuredClone(specs[chart.spec]);
    const signals = Object.fromEntries(spec.signals.map((signal) => [signal.name, signal]));
    const set = (name, value) => { if (signals[name]) signals[name].value = value; };
    for (const data of spec.data) {
      if (data.name === "points") data.values = pick.points;
      if (data.name === "rules") data.values = pick.rules;
    }
    set("x_title", pick.x_title);
    set("y_title", pick.y_title);
    set("x_format", pick.x_format);
    if (signals.x_domain) {
      const { x, y } = domains(pick);
      set("x_domain", x);
      set("y_domain", y);
      set("y_values", roundTicks(y));
      const sizes = [...new Set(pick.points.map((p) => p.x))].sort((a, b) => a - b);
      set("x_values", pick.x_format === "~s" ? roundTicks(x) : sizes.length <= 14 ? sizes : null);
    }
    return spec;
  }

  function showTip(_handler, event, _item, value) {
    if (value === null || value === undefined || value === "") {
      tip.hidden = true;
      return;
    }
    tip.textContent = value.tip;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, innerWidth - box.width - 8))}px`;
    tip.style.top = `${Math.max(8, event.clientY - box.height - 12)}px`;
  }

  class Chart {
    constructor(chart) {
      this.chart = chart;
      this.canvas = element("div", { className: "chart" });
      this.legend = element("div", { className: "legend" });
      const controls = element("div", { className: "controls" });
      if (chart.picks.length > 1) controls.append(this.chooser());
      controls.append(this.legend);
      this.figure = element("figure", { id: chart.id }, element("h2", { textContent: chart.title }),
        element("p", { className: "about", textContent: chart.about }));
      // The select element shows the choice on screen; print and pictures need a heading.
      this.label = element("h3", { className: chart.picks.length > 1 ? "off-screen" : "" });
      this.figure.append(this.label, controls, this.canvas);
    }

    chooser() {
      const select = element("select", { ariaLabel: `Select: ${this.chart.title}` });
      this.chart.picks.forEach((pick, index) => select.append(element("option", { value: index, textContent: pick.label })));
      select.addEventListener("change", () => this.draw(Number(select.value)));
      return select;
    }

    drawLegend(pick) {
      const hidden = new Set();
      this.legend.replaceChildren(...pick.series.map(([index, name]) => {
        const key = element("span", { className: index < 8 ? "key" : "key dashed" });
        const color = `var(--s${index % 8})`;
        const projected = pick.points.some((p) => p.s === index && p.projected);
        key.style.background = projected ? `repeating-linear-gradient(45deg, ${color} 0 2px, transparent 2px 4px)` : color;
        const button = element("button", { type: "button", ariaPressed: "true" }, key, element("span", { textContent: name }));
        button.addEventListener("click", () => {
          hidden.has(index) ? hidden.delete(index) : hidden.add(index);
          button.ariaPressed = String(!hidden.has(index));
          this.view.signal("hidden", [...hidden]).runAsync();
        });
        return button;
      }));
    }

    draw(index) {
      const pick = this.chart.picks[index];
      this.label.textContent = pick.label;
      this.drawLegend(pick);
      if (this.view) this.view.finalize();
      const runtime = vega.parse(specification(this.chart, pick), config, { ast: true });
      this.view = new vega.View(runtime, { renderer: "svg", container: this.canvas, hover: true, expr: vega.expr, tooltip: showTip });
      this.resize();
      const svg = this.canvas.querySelector("svg");
      if (svg) svg.setAttribute("aria-label", `${this.chart.title}: ${pick.label}`);
    }

    resize() {
      if (!this.view) return;
      this.view.width(Math.max(240, this.canvas.clientWidth - 1)).run();
    }
  }

  const wanted = new URLSearchParams(location.hash.slice(1));
  document.body.append(hatches());
  const drawn = charts.map((chart) => new Chart(chart));
  document.getElementById("charts").append(...drawn.map((chart) => chart.figure));
  if (wanted.has("picture")) {
    const chart = drawn.find((c) => c.chart.id === wanted.get("picture"));
    document.documentElement.classList.add("picture");
    chart.figure.classList.add("wanted");
    chart.figure.append(element("p", { className: "about", textContent: document.querySelector(".machines").innerText }));
    chart.draw(Number(wanted.get("pick")));
    return;
  }

  // Charts are drawn when they are near the viewport, and all of them before printing.
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((e) => e.isIntersecting)) {
      observer.unobserve(entry.target);
      const chart = drawn.find((c) => c.figure === entry.target);
      if (!chart.view) chart.draw(0);
    }
  }, { rootMargin: "400px" });
  drawn.forEach((chart) => observer.observe(chart.figure));
  const drawAll = () => drawn.forEach((chart) => (chart.view ? chart.resize() : chart.draw(0)));
  addEventListener("beforeprint", drawAll);
  matchMedia("print").addEventListener("change", drawAll);
  addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
})();

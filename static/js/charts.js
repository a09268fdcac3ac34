// Draws [data-figure=address]: fetches a figure as JSON, {data, layout}, in the page's colours, language and direction.
// A point whose customdata is an address (or a list with one) leads there when it is clicked.
(() => {
  "use strict";
  const root = document.documentElement;
  const rightToLeft = root.dir === "rtl";
  const language = root.lang;
  const COLORS = ["#066fd1", "#f59f00", "#2fb344", "#ae3ec9", "#0ca678", "#d63939", "#4263eb", "#f76707", "#17a2b8", "#74b816"];
  const figures = new Map();

  // Plotly understands rgba only, and the style sheet mixes its colours; a pixel of a canvas says what came of it.
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const plain = (color) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = color;
    pixel.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = pixel.getImageData(0, 0, 1, 1).data;
    return `rgba(${red},${green},${blue},${(alpha / 255).toFixed(2)})`;
  };

  const separators = () => {
    const parts = new Intl.NumberFormat(language).formatToParts(1234567.8);
    const find = (type) => parts.find((part) => part.type === type)?.value || " ";
    return find("decimal") + find("group");
  };

  const lined = (axis, grid, more) => ({
    gridcolor: grid,
    zerolinecolor: grid,
    automargin: true,
    separatethousands: true,
    ...axis,
    ...(axis.title ? { title: { ...axis.title, font: { size: 12 } } } : {}),
    ...more,
  });

  const axes = (layout, grid) => {
    const found = {};
    for (const [name, axis] of Object.entries({ xaxis: {}, yaxis: {}, ...layout })) {
      if (/^xaxis\d*$/.test(name)) {
        const turned = rightToLeft && !axis.autorange && !axis.range ? { autorange: "reversed" } : {};
        found[name] = lined(layout[name] || {}, grid, turned);
      } else if (/^yaxis\d*$/.test(name)) {
        const side = rightToLeft ? (axis.side === "right" ? "left" : "right") : axis.side || "left";
        found[name] = lined(layout[name] || {}, grid, { side });
      }
    }
    return found;
  };

  const dress = (box, figure) => {
    const style = getComputedStyle(document.body);
    const ink = plain(style.color);
    const isDark = root.getAttribute("data-bs-theme") === "dark";
    const grid = isDark ? "rgba(255,255,255,.14)" : "rgba(20,30,50,.10)";
    const layout = figure.layout || {};
    const named = figure.data.some((trace) => ["funnel", "bar"].includes(trace.type) && trace.orientation === "h");
    const roomy = rightToLeft && (named || figure.data.some((trace) => trace.type === "funnel"));
    return {
      colorway: COLORS,
      margin: { l: rightToLeft ? 16 : 48, r: rightToLeft ? (roomy ? 104 : 52) : 16, t: 16, b: 40 },
      legend: { orientation: "h", font: { size: 12 }, itemwidth: 30, y: 1.02, yanchor: "bottom", x: rightToLeft ? 1 : 0, xanchor: rightToLeft ? "right" : "left" },
      hoverlabel: { align: rightToLeft ? "right" : "left" },
      ...layout,
      ...axes(layout, grid),
      template: undefined,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: style.fontFamily, color: ink, size: 13 },
      separators: separators(),
      autosize: true,
    };
  };

  const address = (point) => {
    const wanted = [point?.customdata].flat(2).find((value) => typeof value === "string" && /^\/(?!\/)/.test(value));
    return wanted || "";
  };

  const draw = async (box, figure) => {
    await Plotly.react(box, figure.data, dress(box, figure), { responsive: true, displayModeBar: false, locale: language });
    if (box.dataset.drawn) return;
    box.dataset.drawn = "yes";
    box.on("plotly_click", (event) => {
      const url = address(event.points[0]);
      if (url) location.assign(url);
    });
  };

  const fail = (box, reason) => {
    box.textContent = "";
    const line = document.createElement("div");
    line.className = "empty";
    line.dir = root.dir;
    const words = document.createElement("p");
    words.textContent = reason || box.dataset.failed;
    line.append(words);
    box.append(line);
    if (reason) return; // asking again would not help
    const again = document.createElement("button");
    again.type = "button";
    again.className = "btn";
    again.textContent = box.dataset.retry;
    again.addEventListener("click", () => {
      box.textContent = "";
      start(box);
    });
    line.append(again);
  };

  const start = async (box) => {
    try {
      const answer = await fetch(box.dataset.figure, { headers: { Accept: "application/json" } });
      if (answer.status >= 400 && answer.status < 500) return fail(box, (await answer.json()).error?.message);
      if (!answer.ok) throw new Error(String(answer.status));
      figures.set(box, await answer.json());
      await draw(box, figures.get(box));
    } catch {
      fail(box);
    }
  };

  const startAll = () => {
    for (const box of document.querySelectorAll("[data-figure]")) if (!figures.has(box)) start(box);
  };
  startAll();
  document.addEventListener("htmx:after:swap", startAll);
  addEventListener("crm:theme", () => figures.forEach((figure, box) => box.dataset.drawn && draw(box, figure)));
})();

"use strict";
// The timeline: a row for the layers and one for each unit. Each column of pixels shows in which states a unit spent the
// windows behind it, one on top of the other. Data: cocodla.report.cycles.page.timeline.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const shares = Uint8Array.from(atob(data.shares), (character) => character.charCodeAt(0));
  const canvas = document.getElementById("timeline");
  const told = document.getElementById("told");
  const STATES = 8, ORDER = [1, 2, 3, 4, 5, 6, 7, 0], ROW = 24, LAYERS = 22, AXIS = 18;
  const lanes = Math.min(2, 1 + Math.max(0, ...data.spans.map((span) => span[1])));
  const top = lanes * LAYERS;
  const units = data.units.length, windows = data.ends.length;
  let from = 0, to = data.cycles, cursor = 0, row = 0;

  const format = (number) => Math.round(number).toLocaleString("en");
  const left = () => (canvas.clientWidth < 600 ? 74 : 92);
  const width = () => Math.max(1, canvas.clientWidth - left());
  const begin = (window) => (window ? data.ends[window - 1] : 0);

  // The window that holds a cycle.
  function windowAt(cycle) {
    let low = 0, high = windows - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (data.ends[middle] > cycle) high = middle; else low = middle + 1;
    }
    return low;
  }

  // Cycles of a unit in each state between two cycles.
  function states(unit, first, last) {
    const sums = new Array(STATES).fill(0);
    for (let window = windowAt(first); window < windows && begin(window) < last; window++) {
      const inside = Math.min(last, data.ends[window]) - Math.max(first, begin(window));
      const base = (window * units + unit) * STATES;
      for (let state = 0; state < STATES; state++) sums[state] += inside * shares[base + state] / 255;
    }
    return sums;
  }

  function draw() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const colours = ["--s0", "--s1", "--s2", "--s3", "--s4", "--s5", "--s5", "--s7"].map(colour);
    const ratio = window.devicePixelRatio || 1, height = top + units * ROW + AXIS, across = width(), start = left();
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    const step = (to - from) / across;
    for (let unit = 0; unit < units; unit++) {
      const y = top + unit * ROW;
      for (let x = 0; x < across; x++) {
        const sums = states(unit, from + x * step, from + (x + 1) * step);
        const all = sums.reduce((sum, value) => sum + value, 0) || 1;
        let bottom = y + ROW - 2;
        for (const state of ORDER) {
          const part = (sums[state] / all) * (ROW - 4);
          if (part <= 0) continue;
          context.fillStyle = colours[state];
          context.fillRect(start + x, bottom - part, 1, part);
          bottom -= part;
        }
      }
      context.fillStyle = colour(unit === row ? "--ink" : "--soft");
      context.fillText((unit === row ? "\u25b8 " : "") + data.units[unit].name, 4, y + ROW / 2);
    }
    drawLayers(context, colour, start, across);
    drawAxis(context, colour, start, across);
  }

  function drawLayers(context, colour, start, across) {
    const place = (cycle) => start + ((cycle - from) / (to - from)) * across;
    context.save();
    context.beginPath();
    context.rect(start, 0, across, top + units * ROW);
    context.clip();
    for (const [layer, image, first, last] of data.spans) {
      if (last < from || first > to) continue;
      const x = place(first), wide = Math.max(1, place(last) - x), y = (image % lanes) * LAYERS;
      context.fillStyle = `hsl(${(layer * 67) % 360} 45% 45%)`;
      context.fillRect(x, y + 1, Math.max(1, wide - 1), LAYERS - 2);
      const visible = Math.min(x + wide, start + across) - Math.max(x, start);
      if (visible > 24) {
        context.save();
        context.beginPath();
        context.rect(x, y, wide - 3, LAYERS);
        context.clip();
        context.fillStyle = "#ffffff";
        context.fillText(data.layers[layer], Math.max(x, start) + 3, y + LAYERS / 2);
        context.restore();
      }
    }
    context.strokeStyle = colour("--ink");
    for (const stage of data.stages.slice(1)) context.strokeRect(place(stage), 0, 0, top + units * ROW);
    context.setLineDash([3, 3]);
    context.strokeRect(place(cursor), 0, 0, top + units * ROW);
    context.restore();
    context.fillStyle = colour("--soft");
    context.fillText("layer", 4, LAYERS / 2);
  }

  function drawAxis(context, colour, start, across) {
    const y = top + units * ROW + AXIS / 2;
    context.fillStyle = colour("--soft");
    context.fillText(format(from), start, y);
    context.textAlign = "right";
    context.fillText(`${format(to)} cycles`, start + across - 2, y);
    context.textAlign = "left";
    document.getElementById("where").textContent = `${format(from)} to ${format(to)}`;
  }

  function tell() {
    const step = Math.max(1, (to - from) / width());
    const unit = data.units[row], sums = states(row, cursor, Math.min(data.cycles, cursor + step));
    const all = sums.reduce((sum, value) => sum + value, 0) || 1;
    const parts = sums.map((value, state) => [value / all, unit.states[state]]).filter(([part]) => part >= 0.005);
    parts.sort((a, b) => b[0] - a[0]);
    const layers = data.spans.filter(([, , first, last]) => first <= cursor && cursor < last);
    const names = layers.map(([layer, image]) => `${data.layers[layer]} (image ${image})`).join(", ") || "no layer";
    told.textContent = `Cycle ${format(cursor)}, ${names}. ${unit.name}: `
      + parts.map(([part, name]) => `${name} ${Math.round(part * 100)} %`).join(", ");
  }

  function show() {
    draw();
    tell();
  }

  let pending = false;
  function redraw() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => { pending = false; show(); });
  }

  // Show `span` cycles so that cycle `fixed` stays where it is on the screen.
  function zoom(factor, fixed) {
    const span = Math.min(data.cycles, Math.max(Math.min(64, data.cycles), (to - from) * factor));
    const share = (fixed - from) / (to - from);
    from = Math.max(0, Math.min(data.cycles - span, fixed - share * span));
    to = from + span;
    redraw();
  }

  function move(cycles) {
    const span = to - from;
    from = Math.max(0, Math.min(data.cycles - span, from + cycles));
    to = from + span;
    redraw();
  }

  function point(cycle) {
    cursor = Math.max(0, Math.min(data.cycles - 1, cycle));
    if (cursor < from || cursor >= to) move(cursor < from ? cursor - from : cursor - to + (to - from) / 2);
    redraw();
  }

  const cycleAt = (event) => from + ((event.offsetX - left()) / width()) * (to - from);
  let held = null;
  canvas.addEventListener("pointerdown", (event) => { held = event.clientX; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointerup", () => { held = null; });
  canvas.addEventListener("pointercancel", () => { held = null; });
  canvas.addEventListener("pointermove", (event) => {
    if (held !== null && event.buttons) {
      move(((held - event.clientX) / width()) * (to - from));
      held = event.clientX;
    }
    const under = Math.floor((event.offsetY - top) / ROW);
    if (under >= 0 && under < units) row = under;
    point(Math.max(from, Math.min(to - 1, cycleAt(event))));
  });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) move((event.deltaX / width()) * (to - from));
    else zoom(event.deltaY > 0 ? 1.25 : 0.8, Math.max(from, Math.min(to, cycleAt(event))));
  }, { passive: false });
  const all = () => { from = 0; to = data.cycles; redraw(); };
  const keys = {
    ArrowLeft: () => point(cursor - (to - from) / 40), ArrowRight: () => point(cursor + (to - from) / 40),
    ArrowUp: () => { row = Math.max(0, row - 1); redraw(); }, ArrowDown: () => { row = Math.min(units - 1, row + 1); redraw(); },
    PageUp: () => point(cursor - (to - from)), PageDown: () => point(cursor + (to - from)),
    "+": () => zoom(0.5, cursor), "=": () => zoom(0.5, cursor), "-": () => zoom(2, cursor), Home: all, 0: all,
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });
  document.getElementById("in").addEventListener("click", () => zoom(0.5, (from + to) / 2));
  document.getElementById("out").addEventListener("click", () => zoom(2, (from + to) / 2));
  document.getElementById("all").addEventListener("click", all);
  addEventListener("resize", redraw);
  addEventListener("beforeprint", show);
  addEventListener("afterprint", show);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  show();
})();

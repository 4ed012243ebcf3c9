// The dashboard's charts and its live connection. Figures and words come from the page itself
// (#chart-data and the tables); nothing here formats money or decides what counts.
"use strict";
(function () {
  const charts = new Map();
  let printing = false;
  let drawnBefore = false; // The first picture stands at once; only changes move.
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const ink = colour("--ink");
  const ink2 = colour("--ink-2");
  const line = colour("--line");
  const paper = colour("--paper");
  const font = { fontFamily: colour("--font"), fontSize: Math.round(parseFloat(style.fontSize) * 0.85) };
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  // Patterns that a grey print keeps apart; the same as the swatches in the style sheet.
  const decals = {
    1: null,
    2: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4, color: paper },
    3: { symbol: "circle", symbolSize: 0.6, dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [6, 0], color: paper },
    4: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: 0, color: paper },
    5: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: Math.PI / 4, color: paper },
    6: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: Math.PI / 2, color: paper },
    patient: null,
  };

  function read() {
    return JSON.parse(document.getElementById("chart-data").textContent);
  }

  // A chart is as wide as its place, whatever changed that: window, drill, an opened table.
  const sizes = new ResizeObserver((changes) => {
    if (printing) return;
    for (const { target } of changes) {
      const one = charts.get(target.id);
      if (!one || one.getDom() !== target) { sizes.unobserve(target); continue; }
      if (one.getWidth() === target.clientWidth && one.getHeight() === target.clientHeight) continue;
      one.resize({ animation: { duration: 0 } });
      drawnBefore = false; // Another width is no change of figures: the picture stands at once.
      draw[target.id](read());
      drawnBefore = true;
    }
  });

  function chart(id) {
    const place = document.getElementById(id);
    const known = charts.get(id);
    if (known && known.getDom() === place) return known;
    if (known) { known.dispose(); charts.delete(id); }
    if (!place) return null;
    const made = window.echarts.init(place, null, { renderer: "canvas", devicePixelRatio: Math.max(2, window.devicePixelRatio) });
    charts.set(id, made);
    sizes.observe(place);
    return made;
  }

  function written(value, data, short) {
    if (value === null) return "—";
    if (data.measure === "personal_share") return value.toFixed(short ? 1 : 2) + " %";
    const text = Math.round(value).toLocaleString("en-US");
    return data.unit && !short ? text + " " + data.unit : text;
  }

  const common = () => ({ animation: !still && drawnBefore, animationDuration: 0, animationDurationUpdate: 400, textStyle: { ...font, color: ink }, aria: { enabled: false } });

  // Ink on a bright bar, white on a dark one: on the wall the same payers are brighter.
  function bright(hex) {
    const n = parseInt(hex.slice(1), 16);
    return 0.299 * (n >> 16) + 0.587 * ((n >> 8) & 255) + 0.114 * (n & 255) > 140;
  }

  function drawPayers(data) {
    const one = chart("chart-payers");
    if (!one) return;
    const width = one.getWidth();
    one.setOption({
      ...common(),
      grid: { left: 0, right: 0, top: 2, bottom: 2 },
      xAxis: { type: "value", max: 100, min: 0, show: false },
      yAxis: { type: "category", data: [""], show: false },
      series: data.payers.map((payer) => {
        const room = (payer.share / 100) * width;
        const bar = colour("--pay-" + payer.pattern);
        return {
          type: "bar", stack: "bill", id: payer.name, name: payer.name, barWidth: "100%", silent: true,
          data: [payer.share],
          itemStyle: { color: bar, decal: decals[payer.pattern], borderColor: paper, borderWidth: 1 },
          label: {
            show: room > 74, position: "inside", ...font, fontSize: font.fontSize + 1,
            color: bright(bar) ? "#1b2327" : "#fff", lineHeight: font.fontSize + 8,
            backgroundColor: decals[payer.pattern] ? bar : undefined,
            padding: decals[payer.pattern] ? [3, 6] : 0, borderRadius: 3,
            width: room - 12, overflow: "truncate",
            formatter: payer.name + "\n" + payer.share.toFixed(1) + " %",
          },
        };
      }),
    }, { replaceMerge: ["series"] });
  }

  function valueAxis(data) {
    return {
      type: "value", min: 0,
      axisLabel: { ...font, color: ink2, formatter: (value) => (data.measure === "personal_share" ? value + " %" : value.toLocaleString("en-US")) },
      splitLine: { lineStyle: { color: line } }, splitNumber: 4,
    };
  }

  function missed(value, data) {
    return data.target !== null && value !== null && value > data.target;
  }

  function targetLine(data, axis) {
    if (data.target === null) return { data: [] };
    return {
      silent: true, symbol: "none", animation: false,
      lineStyle: { color: colour("--chart-target"), type: "dashed", width: 1.2 },
      label: { ...font, color: ink, formatter: data.texts.target + " " + data.target + " %", position: axis === "xAxis" ? "start" : "insideEndTop" },
      data: [{ [axis]: data.target }],
    };
  }

  function drawPlaces(data) {
    const one = chart("chart-places");
    if (!one) return;
    one.setOption({
      ...common(),
      grid: { left: 4, right: 58, top: data.target === null ? 6 : 24, bottom: 4, containLabel: true },
      xAxis: valueAxis(data),
      yAxis: {
        type: "category", inverse: true, data: data.places.map((place) => place.name), triggerEvent: true,
        axisLabel: { ...font, color: ink, width: one.getWidth() * 0.34, overflow: "truncate" },
        axisTick: { show: false }, axisLine: { lineStyle: { color: ink2 } },
      },
      series: [{
        type: "bar", barMaxWidth: 22,
        cursor: data.places.some((place) => place.href) ? "pointer" : "default",
        data: data.places.map((place) => ({
          value: place.value,
          itemStyle: { color: colour(missed(place.value, data) ? "--chart-missed" : "--chart-bar") },
        })),
        label: { show: true, position: "right", ...font, color: ink, backgroundColor: paper, padding: [1, 2], formatter: (point) => written(data.places[point.dataIndex].value, data, true) + (missed(data.places[point.dataIndex].value, data) ? " ▼" : "") },
        markLine: targetLine(data, "xAxis"),
      }],
    });
    one.off("click");
    one.on("click", (point) => {
      const index = point.componentType === "yAxis" ? data.places.findIndex((place) => place.name === point.value) : point.dataIndex;
      const href = data.places[index] && data.places[index].href;
      if (href) window.yizhan.go(href, { push: true });
    });
  }

  function drawMonths(data) {
    const one = chart("chart-months");
    if (!one) return;
    one.setOption({
      ...common(),
      grid: { left: 4, right: 22, top: 26, bottom: 4, containLabel: true },
      xAxis: {
        type: "category", data: data.months.map((month) => month.name), boundaryGap: true,
        axisLabel: { ...font, color: ink2 }, axisTick: { show: false }, axisLine: { lineStyle: { color: ink2 } },
      },
      yAxis: valueAxis(data),
      series: [{
        type: "line", symbol: "circle", symbolSize: 8, connectNulls: false,
        lineStyle: { color: colour("--chart-bar"), width: 2.5 }, itemStyle: { color: colour("--chart-bar") },
        data: data.months.map((month) => month.value),
        label: { show: true, position: "top", ...font, color: ink, formatter: (point) => written(data.months[point.dataIndex].value, data, true) },
        markLine: targetLine(data, "yAxis"),
      }],
    });
  }

  const draw = { "chart-payers": drawPayers, "chart-places": drawPlaces, "chart-months": drawMonths };

  function drawAll() {
    const data = read();
    for (const one of Object.values(draw)) one(data);
    drawnBefore = true;
  }

  // ---- the live connection ----
  const RETRY_FIRST_MS = 1000;
  const RETRY_MOST_MS = 30000;
  const RETRY_READING_MS = 5000;
  const GATHER_MS = 150; // Several events within this time become one reading of the page.
  const SPEAK_EVERY_MS = 10000; // A screen reader is told of movement no oftener.
  let retry = RETRY_FIRST_MS;
  let gathering = null;
  let lastReading = 0;
  let spoken = 0;
  let left = false;

  function say(state) {
    const place = document.getElementById("connection");
    if (!place) return;
    place.dataset.state = state;
    place.textContent = read().texts[state];
  }

  // Every message carries the county's revision; a page that already shows it need not move. A
  // number is given before its change is committed: a message that tells of changes always moves.
  function told(message) {
    const shown = Number(document.getElementById("connection").dataset.revision);
    if (message.revision > shown || message.changes > 0) moved();
  }

  function moved() {
    if (gathering !== null) return;
    gathering = setTimeout(refresh, Math.max(GATHER_MS, 2 * lastReading)); // A slow server is asked less.
  }

  async function refresh() {
    gathering = null; // What comes from here on asks for another reading.
    const began = performance.now();
    try {
      await window.yizhan.refresh();
      speak();
    } catch {
      say("waiting");
      setTimeout(moved, RETRY_READING_MS);
    } finally {
      lastReading = Math.min(5000, performance.now() - began);
    }
  }

  function speak() {
    const now = Date.now();
    if (now - spoken < SPEAK_EVERY_MS) return;
    spoken = now;
    const first = document.querySelector("#ticker li span");
    document.getElementById("announcement").textContent = read().texts.moved + (first ? ": " + first.textContent : "");
  }

  // Read by hand: an EventSource hides the heartbeats, by which alone a line that was cut without a
  // word (a pulled cable, a forgetful router) is told from a quiet county.
  async function connect() {
    const place = document.getElementById("connection");
    if (!place) return;
    const line = new AbortController();
    let watch = null;
    const heard = () => {
      clearTimeout(watch);
      watch = setTimeout(() => line.abort(), Number(place.dataset.silentMs));
    };
    const leave = () => { left = true; line.abort(); };
    window.addEventListener("pagehide", leave, { once: true });
    heard();
    try {
      const answer = await fetch(place.dataset.live, {
        headers: { Accept: "text/event-stream" }, cache: "no-store", signal: line.signal,
      });
      if (!answer.ok) throw new Error(String(answer.status));
      retry = RETRY_FIRST_MS;
      say("open");
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        heard();
        const blocks = (text + value).split("\n\n");
        text = blocks.pop();
        for (const block of blocks) {
          const data = /^data: (.*)$/m.exec(block);
          if (data) told(JSON.parse(data[1]));
        }
      }
    } catch {
      // Cut, refused or silent: all end here, and are answered by another try.
    }
    clearTimeout(watch);
    window.removeEventListener("pagehide", leave);
    if (left) return;
    say(retry >= RETRY_MOST_MS ? "closed" : "waiting");
    setTimeout(connect, retry);
    retry = Math.min(RETRY_MOST_MS, retry * 2);
  }

  window.addEventListener("pageshow", (event) => {
    if (!event.persisted || !left) return;
    left = false;
    connect();
  });

  // ---- the wall turns ----
  // Nobody stands by to reload it: it leaves a slide only for one that is there.
  async function turn(next) {
    try {
      const answer = await fetch(next, { cache: "no-store" });
      if (answer.ok) { location.replace(next); return; }
    } catch {
      // Tried again below.
    }
    setTimeout(turn, RETRY_READING_MS, next);
  }

  const { next, slideMs } = document.getElementById("connection")?.dataset ?? {};
  if (next) setTimeout(turn, Number(slideMs), next);

  // ---- paper ----
  const PAPER_WIDTH_PX = 660;
  const PAPER_HEIGHT_PX = 180;
  const PAPER_TALL_PX = 420;
  let opened = [];
  window.addEventListener("beforeprint", () => {
    printing = true;
    opened = [...document.querySelectorAll("details.behind:not([open])")];
    for (const one of opened) one.open = true;
    for (const one of charts.values()) {
      const height = Math.min(one.getHeight(), read().places.length > 9 ? PAPER_TALL_PX : PAPER_HEIGHT_PX);
      one.resize({ width: PAPER_WIDTH_PX, height, animation: { duration: 0 } });
    }
    drawPayers(read());
    for (const one of charts.values()) one.getZr().flush();
  });
  window.addEventListener("afterprint", () => {
    printing = false;
    for (const one of opened) one.open = false;
    for (const one of charts.values()) one.resize({ width: "auto", height: "auto", animation: { duration: 0 } });
    drawAll();
  });

  document.addEventListener("yizhan:drawn", drawAll);
  drawAll();
  connect();
})();

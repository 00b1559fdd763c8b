// The page's own script. Buttons inside server-drawn HTML carry `data-act` and other `data-*` fields; a click on one
// becomes a `shop:act` event that the hidden bridge component hands to the server. Nothing here draws product data
// except through textContent.
(() => {
  "use strict";
  const MAX_COMPARED = 4;
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const phone = window.matchMedia("(max-width: 860px)");
  const compared = new Map(); // product id -> title

  // ---- light and dark -------------------------------------------------------------------------------------------
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const theme = () => localStorage.getItem("theme") || (dark.matches ? "dark" : "light");
  const applyTheme = () => {
    document.documentElement.dataset.theme = theme();
    if (document.body) document.body.classList.toggle("dark", theme() === "dark");
  };
  applyTheme();
  dark.addEventListener("change", applyTheme);

  // ---- sending --------------------------------------------------------------------------------------------------
  const say = (text) => {
    const own = $("#st-own-status");
    if (own) own.textContent = text;
  };
  const send = (fields) => document.dispatchEvent(new CustomEvent("shop:act", { detail: fields }));

  const chosenVariant = (button) => {
    const select = button.closest(".st-card")?.querySelector("select[data-choice]");
    if (!select) return { id: button.dataset.id };
    if (select.value) return { id: select.value, chosen: "1" };
    select.classList.add("st-missing");
    select.setAttribute("aria-invalid", "true");
    select.focus();
    say("Choose an option first.");
    return null;
  };

  const press = (button) => {
    if (button.dataset.busy) return;
    const fields = { ...button.dataset };
    if (fields.act === "add") {
      const chosen = chosenVariant(button);
      if (!chosen) return;
      Object.assign(fields, chosen);
    }
    button.dataset.busy = "1"; // a double click is one wish
    setTimeout(() => delete button.dataset.busy, 700);
    if (fields.act === "like" || fields.act === "unlike") rate(button);
    if (fields.act === "drop" || fields.act === "undo" || fields.act === "restart") focusLater("#st-wishes-title");
    if (fields.act === "remove") focusLater("#st-cart-title");
    if (fields.act === "more" || fields.act === "fewer") refocus(fields);
    if (fields.act === "checkout" && phone.matches) toggleCart(false);
    send(fields);
  };

  const rate = (button) => {
    for (const other of $$("[data-act]", button.parentElement)) {
      other.setAttribute("aria-pressed", String(other === button));
    }
  };

  // Buttons that vanish with their panel hand the focus to its heading, so that the keyboard is never lost.
  const focusLater = (selector) => {
    const started = Date.now();
    const old = $(selector);
    const timer = setInterval(() => {
      const fresh = $(selector);
      if (fresh === old && Date.now() - started < 3000) return;
      clearInterval(timer);
      if (document.activeElement === document.body) (fresh || $("#st-box textarea"))?.focus({ preventScroll: true });
    }, 60);
  };
  const refocus = ({ act, id }) => {
    const find = () => $$(`#st-cart-panel [data-act="${act}"]`).find((button) => button.dataset.id === id);
    const old = find();
    const started = Date.now();
    const timer = setInterval(() => {
      const fresh = find();
      if (fresh !== old || Date.now() - started > 4000) {
        clearInterval(timer);
        if (document.activeElement === document.body) (fresh || $("#st-cart-title"))?.focus({ preventScroll: true });
      }
    }, 60);
  };

  // ---- comparing ------------------------------------------------------------------------------------------------
  const tray = () => {
    let bar = $("#st-tray");
    if (bar) return bar;
    bar = document.createElement("div");
    bar.id = "st-tray";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Products to compare");
    const names = document.createElement("p");
    const go = document.createElement("button");
    go.type = "button";
    go.className = "st-button st-primary";
    go.addEventListener("click", () => {
      const ids = [...compared.keys()];
      compared.clear();
      drawTray();
      send({ act: "compare", ids: JSON.stringify(ids) });
      $("#st-box textarea")?.focus({ preventScroll: true });
    });
    const clear = document.createElement("button");
    clear.type = "button";
    clear.className = "st-button st-quiet";
    clear.textContent = "Clear";
    clear.addEventListener("click", () => {
      compared.clear();
      drawTray();
    });
    bar.append(names, go, clear);
    $("#st-quick").before(bar);
    return bar;
  };
  const drawTray = () => {
    const bar = tray();
    bar.hidden = compared.size === 0;
    $("p", bar).textContent = compared.size === 1 ? "Choose one more to compare" : [...compared.values()].join(" · ");
    const go = $("button", bar);
    go.textContent = `Compare ${compared.size}`;
    go.disabled = compared.size < 2;
    for (const button of $$("[data-compare]")) {
      button.setAttribute("aria-pressed", String(compared.has(button.dataset.compare)));
    }
  };
  const toggleCompared = (button) => {
    const id = button.dataset.compare;
    if (compared.has(id)) compared.delete(id);
    else if (compared.size < MAX_COMPARED) compared.set(id, button.closest(".st-card").dataset.title);
    else say(`At most ${MAX_COMPARED} products side by side.`);
    drawTray();
  };

  // ---- cart drawer on phones, theme switch, menu ----------------------------------------------------------------
  const toggleCart = (open) => {
    document.documentElement.classList.toggle("st-cart-open", open);
    $("[data-cart-toggle]")?.setAttribute("aria-expanded", String(open));
    if (open) $("#st-cart-title")?.focus({ preventScroll: true });
    else if (phone.matches) $("[data-cart-toggle]")?.focus({ preventScroll: true });
  };

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const button = target?.closest("[data-act]");
    if (button && !button.disabled) return press(button);
    const compare = target?.closest("[data-compare]");
    if (compare) return toggleCompared(compare);
    if (target?.closest("[data-theme-switch]")) {
      localStorage.setItem("theme", theme() === "dark" ? "light" : "dark");
      return applyTheme();
    }
    const open = document.documentElement.classList.contains("st-cart-open");
    if (target?.closest("[data-cart-toggle]")) return toggleCart(!open);
    if (open && !target?.closest("#st-side")) toggleCart(false);
    for (const menu of $$("details.st-menu[open]")) if (!menu.contains(target)) menu.open = false;
    return undefined;
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("select[data-choice]") && event.target.value) {
      event.target.classList.remove("st-missing");
      event.target.removeAttribute("aria-invalid");
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (document.documentElement.classList.contains("st-cart-open")) toggleCart(false);
    for (const menu of $$("details.st-menu[open]")) {
      menu.open = false;
      $("summary", menu).focus();
    }
  });

  // ---- keeping Gradio's shell in shape --------------------------------------------------------------------------
  // A new question goes to the top of the window and stays there while its answer grows, until the shopper scrolls.
  const scroller = () => $("#chat .bubble-wrap");
  let questions = 0;
  let pinned = false;
  const unpin = () => {
    pinned = false;
  };
  for (const kind of ["wheel", "touchmove", "pointerdown"]) document.addEventListener(kind, unpin, { passive: true });
  const pinNewest = () => {
    const wrap = scroller();
    if (!wrap) return;
    const mine = $$(".user-row", wrap);
    if (mine.length > questions) pinned = true;
    questions = mine.length;
    const newest = mine[mine.length - 1];
    if (!pinned || !newest) return;
    const top = newest.getBoundingClientRect().top - wrap.getBoundingClientRect().top + wrap.scrollTop;
    wrap.scrollTop = Math.max(0, top - 14);
  };
  const drawCount = () => {
    const panel = $("#st-cart-panel [data-count]");
    const badge = $("[data-cart-count]");
    if (panel && badge && badge.textContent !== panel.dataset.count) badge.textContent = panel.dataset.count;
  };
  // A menu that was open stays open when the server draws the header anew.
  let menuOpen = null;
  document.addEventListener("toggle", ({ target }) => {
    if (target.matches?.("details.st-menu")) menuOpen = target.open ? target : null;
  }, true);
  const reopenMenu = () => {
    if (!menuOpen || menuOpen.isConnected) return;
    menuOpen = document.getElementById(menuOpen.id);
    if (menuOpen) menuOpen.open = true;
  };
  const mend = () => {
    document.documentElement.lang = "en";
    const log = $("#chat [role=log]");
    if (log) {
      log.setAttribute("role", "region");
      log.setAttribute("aria-label", "Conversation");
      log.removeAttribute("aria-live");
      log.tabIndex = 0;
    }
    const live = $("#st-live");
    if (live && live.getAttribute("role") !== "status") live.setAttribute("role", "status");
    drawCount();
    reopenMenu();
    if (compared.size) drawTray();
  };
  let queued = false;
  const later = () => {
    if (queued) return;
    queued = true;
    requestAnimationFrame(() => {
      queued = false;
      mend();
      pinNewest();
    });
  };
  const begin = () => {
    applyTheme();
    const own = document.createElement("div");
    own.id = "st-own-status";
    own.className = "st-sr";
    own.setAttribute("role", "status");
    document.body.append(own);
    new MutationObserver(later).observe(document.body, { childList: true, subtree: true, characterData: true });
    mend();
  };
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();

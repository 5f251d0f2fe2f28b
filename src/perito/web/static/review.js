// The page works without this script. With it: keys, answers that wait for the connection, reveals in place.
"use strict";
(() => {
  const body = document.body;
  const { csrf, person } = body.dataset;
  const KEPT = "perito-waiting";
  const WAITS_MS = [1000, 2000, 5000, 10000, 20000];
  const status = document.getElementById("status");
  const alerts = document.getElementById("alert");

  const say = (text) => { status.textContent = text; };
  const warn = (text, link) => {
    alerts.textContent = text;
    if (link) {
      const a = document.createElement("a");
      a.href = link.href;
      a.textContent = link.text;
      alerts.append(" ", a);
    }
  };

  // --- answers wait here until the server has them; each has a key, so that none is recorded twice ---------
  const read = () => {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) || "[]");
    return kept.filter((one) => one.person === person);
  };
  const write = (waiting) => {
    if (waiting.length) sessionStorage.setItem(KEPT, JSON.stringify(waiting));
    else sessionStorage.removeItem(KEPT);
  };
  const words = (name, number) => body.dataset[name].replace("#", number);
  let attempt = 0, isSending = false, timer = 0;

  async function post(path, fields) {
    return fetch(path, {
      method: "POST",
      headers: { "Accept": "application/json", "X-CSRF-Token": csrf },
      body: new URLSearchParams(fields),
      cache: "no-store",
      redirect: "error",
    });
  }

  async function send() {
    if (isSending) return;
    isSending = true;
    clearTimeout(timer);
    let next = null;
    try {
      for (let waiting = read(); waiting.length; waiting = read()) {
        const answer = await post(waiting[0].path, waiting[0].fields);
        if (answer.status === 401) {
          warn(body.dataset.expired, { href: "/sign-in", text: body.dataset.signIn });
          return;
        }
        if (answer.status >= 500 && answer.status !== 503) throw new Error(String(answer.status));
        const told = await answer.json();
        write(read().filter((one) => one.fields.event_key !== waiting[0].fields.event_key));
        if (!told.ok) {
          say("");
          warn(told.said, { href: location.pathname, text: body.dataset.again });
          return;
        }
        next = told.next;
      }
      attempt = 0;
    } catch {
      say(words("offline", read().length));
      timer = setTimeout(send, WAITS_MS[Math.min(attempt++, WAITS_MS.length - 1)]);
      return;
    } finally {
      isSending = false;
    }
    if (next) {
      say(body.dataset.saved);
      location.replace(next);
    }
  }

  function keep(form, button) {
    const fields = Object.fromEntries(new FormData(form));
    if (button && button.name) fields[button.name] = button.value;
    const waiting = read();
    if (waiting.some((one) => one.fields.event_key === fields.event_key)) return;
    write([...waiting, { person, path: form.getAttribute("action"), fields }]);
    for (const one of document.querySelectorAll("form[data-outbox] button, form[data-plain] button")) one.disabled = true;
    alerts.textContent = "";
    send();
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-outbox]")) {
      event.preventDefault();
      keep(form, event.submitter);
    } else if (form.matches("[data-reveal]")) {
      event.preventDefault();
      toggle(form);
    }
  });
  addEventListener("online", () => { attempt = 0; send(); });
  addEventListener("beforeunload", (event) => { if (person && read().length) event.preventDefault(); });

  // --- a picture is shown after the server has recorded it: while a pointer holds the button, or from one press
  // of a key to the next; and hidden when the person looks away ----------------------------------------------
  let shown = null, wanted = null, held = null;
  function toggle(form) {
    const isSame = shown && shown.form === form;
    hide();
    if (!isSame) show(form);
  }
  async function show(form) {
    wanted = form;
    let told;
    try {
      const answer = await post("/reveal", Object.fromEntries(new FormData(form)));
      told = await answer.json();
    } catch {
      warn(words("offline", read().length));
      return;
    }
    if (!told.ok) {
      warn(told.said);
      return;
    }
    if (wanted !== form) {  // let go before the picture was there
      sendHide();
      return;
    }
    const image = form.closest("figure").querySelector("img");
    const button = form.querySelector("button");
    shown = { form, image, button, blurred: image.getAttribute("src"), words: [...button.childNodes].map((one) => one.cloneNode(true)) };
    image.className = "revealed";
    image.removeAttribute("width");
    image.removeAttribute("height");
    image.src = told.next;
    if (!held) button.firstChild.textContent = button.dataset.hide + " ";
    button.setAttribute("aria-pressed", "true");
    shown.timer = setTimeout(hide, told.seconds * 1000);
  }
  function hide() {
    wanted = null;
    if (!shown) return;
    const { image, button, blurred, timer: running } = shown;
    clearTimeout(running);
    image.className = "blurred";
    image.width = image.height = 240;
    image.src = blurred;
    button.replaceChildren(...shown.words);
    button.removeAttribute("aria-pressed");
    shown = null;
    say(body.dataset.hidden);
    sendHide();
  }
  function sendHide() {
    fetch("/hide", {
      method: "POST", keepalive: true, body: new URLSearchParams({ csrf }),
      headers: { "Accept": "application/json", "X-CSRF-Token": csrf },
    }).catch(() => {});
  }
  const revealing = (event) => event.target.closest && event.target.closest("[data-reveal] button");
  document.addEventListener("pointerdown", (event) => {
    const button = revealing(event);
    if (!button || event.button !== 0) return;
    hide();
    held = { button, since: performance.now() };
    show(button.form);
  });
  const letGo = () => {
    if (!held) return;
    const isShort = performance.now() - held.since < 400;
    held = null;
    hide();
    if (isShort) say(body.dataset.hold);
  };
  for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, letGo);
  document.addEventListener("click", (event) => {  // that of a pointer; keys and screen readers make one without
    if (event.detail > 0 && revealing(event)) event.preventDefault();
  });
  document.addEventListener("contextmenu", (event) => { if (revealing(event)) event.preventDefault(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden) hide(); });
  addEventListener("pagehide", hide);

  // --- keys -------------------------------------------------------------------------------------------------
  const isTyping = (target) => target.closest("input:not([type=radio]), textarea, select") !== null;
  const press = (element) => { if (element && !element.disabled) element.click(); };
  function choose(key) {
    const sets = [...document.querySelectorAll("fieldset[data-class]")];
    const open = sets.find((one) => !one.querySelector(":checked")) || sets[sets.length - 1];
    const wanted = open && open.querySelector(`[data-choice="${CSS.escape(key)}"], [data-digit="${CSS.escape(key)}"]`);
    if (!wanted) return false;
    wanted.click();
    const next = sets.find((one) => !one.querySelector(":checked"));
    (next ? next.querySelector("input, button") : wanted).focus();
    return true;
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (isTyping(event.target)) event.target.blur();
      hide();
      return;
    }
    if (body.dataset.keys !== "on" || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (isTyping(event.target)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "Enter" && event.target.closest("a, button, summary")) return;
    const focus = document.querySelector(`[data-focus="${CSS.escape(key)}"]`);
    const pressed = document.querySelector(`[data-key="${CSS.escape(key)}"], button[data-digit="${CSS.escape(key)}"]`);
    if (focus) focus.focus();
    else if (pressed) press(pressed);
    else if (!choose(key)) return;
    event.preventDefault();
  });

  const start = document.querySelector("[data-autofocus]");
  if (start && (location.hash === "" || location.hash === "#")) start.focus({ preventScroll: true });
  if (person && read().length) send();
})();

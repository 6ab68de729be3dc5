// Makes the application form nicer. Everything works without it: it only saves round trips.
(() => {
  "use strict";
  const form = document.querySelector("form.application");
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const spoken = document.getElementById("spoken");
  const say = (text) => { if (spoken) spoken.textContent = text; };

  // What went wrong is read first.
  document.querySelector("[data-focus]")?.focus();
  if (!form) return;

  // Pressing twice sends once; the server would give the same answer anyway.
  let sending = false;
  // Uploads on their way, each a promise of whether its file arrived.
  const uploads = new Set();
  // A form that leaves before its files would leave without them: it goes as soon as the last has arrived, and stays if one failed.
  const waitForUploads = async (submitter) => {
    const arrived = await Promise.all(uploads);
    sending = false;
    submitter?.removeAttribute("aria-busy");
    if (arrived.every(Boolean)) form.requestSubmit(submitter);
    else form.querySelector(".uploads li.wrong")?.closest("[data-material]").querySelector("input[type=file]").focus();
  };
  form.addEventListener("submit", (event) => {
    if (sending) { event.preventDefault(); return; }
    sending = true;
    if (uploads.size) {
      event.preventDefault();
      say(form.dataset.sending);
      event.submitter?.setAttribute("aria-busy", "true");
      waitForUploads(event.submitter);
      return;
    }
    say(form.dataset.sending);
    event.submitter?.setAttribute("aria-busy", "true");
    window.setTimeout(() => { sending = false; }, 8000);
  });
  window.addEventListener("pageshow", () => { sending = false; });

  // Counters of long texts.
  for (const area of form.querySelectorAll("textarea[data-count]")) {
    const most = Number(area.dataset.count);
    const line = document.createElement("p");
    line.className = "hint";
    line.id = `${area.id}-count`;
    area.after(line);
    area.setAttribute("aria-describedby", `${area.getAttribute("aria-describedby") || ""} ${line.id}`.trim());
    const count = () => {
      const left = most - [...area.value.trim()].length;
      line.textContent = fill(left < 0 ? form.dataset.over : form.dataset.left, { n: Math.abs(left) });
      line.classList.toggle("wrong", left < 0);
    };
    area.addEventListener("input", count);
    count();
  }

  // Fields that exist or are required under a condition. A hidden field is not sent.
  const values = (name) => new FormData(form).getAll(name).filter((value) => typeof value === "string" && value.trim() !== "");
  const holds = (comparison) => {
    const found = values(comparison.field);
    const equal = comparison.values.length ? found.some((value) => comparison.values.includes(value)) : found.length > 0;
    return equal !== comparison.negated;
  };
  const conditional = [...form.querySelectorAll("[data-asked-when], [data-needed-when]")];
  const judge = () => {
    for (const element of conditional) {
      const read = (name) => (element.dataset[name] ? JSON.parse(element.dataset[name]) : null);
      const asked = read("askedWhen");
      const needed = read("neededWhen");
      // What somebody has filled in or what has a fault is never taken out of sight.
      const inputs = [...element.querySelectorAll("input, textarea, select")];
      const kept = element.classList.contains("field-wrong") || inputs.some((input) => input.name && values(input.name).length > 0);
      if (asked) element.hidden = !kept && !asked.some(holds);
      if (needed) {
        const must = needed.some(holds);
        element.classList.toggle("field-needed", must);
        for (const input of inputs) if (input.type !== "radio" && input.type !== "checkbox") input.setAttribute("aria-required", String(must));
      }
    }
  };
  form.addEventListener("change", judge);
  form.addEventListener("input", judge);
  judge();

  // Files go up as soon as they are chosen.
  const kinds = {
    pdf: "application/pdf", ofd: "application/ofd", jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", tif: "image/tiff",
    tiff: "image/tiff", bmp: "image/bmp", doc: "application/msword", xls: "application/vnd.ms-excel", zip: "application/zip",
    docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document", dwg: "image/vnd.dwg", txt: "text/plain",
    xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", xml: "application/xml",
  };
  const size = (bytes) => (bytes < 1e3 ? `${bytes} B` : bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} KB` : `${(Math.ceil(bytes / 1e5) / 10).toFixed(1)} MB`);

  const listed = (box, seq, file, answer) => {
    const item = document.createElement("li");
    const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: "material", value: `${seq}:${answer.id}` });
    const name = document.createElement("bdi");
    name.textContent = file.name;
    const about = document.createElement("span");
    about.className = "quiet";
    about.textContent = size(answer.size);
    const remove = document.createElement("button");
    Object.assign(remove, { type: "button", className: "button button-quiet", textContent: form.dataset.remove });
    remove.setAttribute("aria-label", `${form.dataset.remove} ${file.name}`);
    remove.addEventListener("click", () => { item.remove(); box.querySelector("input[type=file]").focus(); });
    item.append(hidden, name, about, remove);
    return item;
  };

  const send = (box, input, file) => new Promise((resolve) => {
    const seq = box.dataset.material.split("/")[1];
    const line = document.createElement("li");
    const words = document.createElement("span");
    const bar = Object.assign(document.createElement("progress"), { max: 100, value: 0 });
    const show = (percent) => { words.textContent = fill(form.dataset.uploading, { file: file.name, percent }); bar.value = percent; };
    bar.setAttribute("aria-label", file.name);
    line.append(words, bar);
    box.querySelector(".uploads").append(line);
    show(0);
    const failed = (why) => {
      line.className = "wrong";
      line.replaceChildren(document.createTextNode(why || fill(form.dataset.failed, { file: file.name })));
      say(line.textContent);
      resolve(false);
    };
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/materials");
    request.responseType = "json";
    request.setRequestHeader("Accept-Language", document.documentElement.lang);
    request.setRequestHeader("Content-Type", kinds[file.name.split(".").pop().toLowerCase()] || file.type || "application/octet-stream");
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) show(Math.floor((100 * event.loaded) / event.total)); });
    request.addEventListener("error", () => failed());
    request.addEventListener("abort", () => failed());
    request.addEventListener("load", () => {
      if (request.status !== 201 || !request.response?.id) { failed(request.response?.title && `${file.name}: ${request.response.title}`); return; }
      if (!input.multiple) box.querySelectorAll(".uploads input[name=material]").forEach((old) => old.closest("li").remove());
      line.replaceWith(listed(box, seq, file, request.response));
      say(fill(form.dataset.done, { file: file.name }));
      resolve(true);
    });
    request.send(file);
  });

  for (const box of form.querySelectorAll("[data-material]")) {
    const input = box.querySelector("input[type=file]");
    const button = box.querySelector(".upload-button");
    if (button) button.hidden = true;
    input.addEventListener("change", async () => {
      const files = [...input.files];
      // From here on the file is sent by us; the form must not send it a second time.
      input.value = "";
      box.querySelectorAll(".uploads li.wrong").forEach((old) => old.remove());
      const upload = (async () => {
        let all = true;
        for (const file of files) all = (await send(box, input, file)) && all;
        return all;
      })();
      uploads.add(upload);
      await upload;
      uploads.delete(upload);
    });
  }
})();

(function () {
  "use strict";
  var page = document.documentElement, version = page.dataset.version, state = document.getElementById("state");
  // The same bytes stand one level below the store's root, under latest/, and two levels below it.
  var here = location.pathname, root = here.indexOf("/versions/" + version + "/") < 0 ? "../" : "../../";
  document.querySelectorAll("a[data-path]").forEach(function (link) {
    link.href = root + link.dataset.path;
  });
  function tell(french, english, path) {
    [[french, "fr"], [english, "en"]].forEach(function (told) {
      var line = document.createElement("p");
      line.lang = told[1];
      line.textContent = told[0] + " ";
      if (path) {
        var link = document.createElement("a");
        link.href = root + path;
        link.textContent = told[1] === "fr" ? "Voir la version courante." : "See the current version.";
        line.appendChild(link);
      }
      state.appendChild(line);
    });
    state.hidden = false;
  }
  function read(name) {
    return fetch(root + name, { cache: "no-cache" }).then(function (answer) {
      if (!answer.ok) throw new Error(name);
      return answer.json();
    });
  }
  // Without an answer the page claims nothing; all the rest of it stands.
  var current = read("latest.json").catch(function () { return null; });
  current.then(function (latest) {
    if (!latest) return;
    if (latest.version !== version) {
      tell("Une autre version est courante : " + latest.version + ".",
        "Another version is current: " + latest.version + ".", "latest/index.html");
    } else if (!("finished" in page.dataset) && latest.fresh_until && Date.parse(latest.fresh_until) < Date.now()) {
      var day = latest.fresh_until.slice(0, 10);
      tell("Ces données ne sont plus à jour : une nouvelle version était attendue avant le " + day + ".",
        "These data are no longer fresh: a new version was due before " + day + ".");
    }
  });
  read("versions.json").then(function (list) {
    list.versions.forEach(function (record) {
      if (record.version !== version || record.status !== "retracted") return;
      var reason = typeof record.reason === "string" ? record.reason : "";
      state.classList.add("retracted");
      tell("Cette version a été retirée : ne l'utilisez plus." + (reason && " Motif : " + reason),
        "This version has been retracted: do not use it." + (reason && " Reason: " + reason));
    });
  }).catch(function () {});
})();

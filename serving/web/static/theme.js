// Classic script of the head: sets the chosen theme before the first paint. Without a choice the system decides.
document.documentElement.dataset.theme = localStorage.getItem("recsys.theme") || "";

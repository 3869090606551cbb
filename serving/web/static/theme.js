// Classic script of the head: sets the theme before the first paint, and again when the choice or the system changes.
{
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const setTheme = () => {
    document.documentElement.dataset.theme = localStorage.getItem("recsys.theme") || (dark.matches ? "dark" : "light"); // without a choice the system decides
  };
  dark.addEventListener("change", setTheme);
  addEventListener("storage", setTheme); // chosen in another tab
  addEventListener("recsys:theme", setTheme);
  setTheme();
}

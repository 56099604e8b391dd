// Light or dark: what the system says, unless the person chose.
export type Theme = "system" | "light" | "dark";

const key = "plumb-theme";

export function storedTheme(): Theme {
  try {
    const value = localStorage.getItem(key);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system"; // storage may be forbidden; the system's choice is a good one
  }
}

export function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem(key);
    else localStorage.setItem(key, theme);
  } catch {
    // Then the choice lasts as long as the page.
  }
  dispatchEvent(new Event("plumb-theme"));
}

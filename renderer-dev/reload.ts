/** Loads the page anew when it was built anew: the server of `npm run dev` answers this one question only then. */
export async function followBuilds(): Promise<void> {
  for (;;) {
    try {
      const response = await fetch('next-build');
      if (response.ok && (await response.text()) === 'built') return location.reload();
      if (!response.ok) return;
    } catch {
      // The server is being started again.
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

/** `?language=km` in the address, kept while the tab is open; empty: the browser's own. */
export function chosenLanguage(): string {
  const asked = new URLSearchParams(location.search).get('language');
  if (asked !== null) sessionStorage.setItem('language', asked);
  return sessionStorage.getItem('language') ?? '';
}

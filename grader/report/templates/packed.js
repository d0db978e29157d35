"use strict";
(async () => {
  const packed = Uint8Array.from(atob(document.getElementById("packed").innerHTML), (one) => one.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const page = new DOMParser().parseFromString(await new Response(stream).text(), "text/html");
  document.documentElement.replaceWith(page.documentElement);
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
})();

// Returns what is wrong with the page's layout: text that is clipped, and texts that lie on each other.
() => {
  for (const part of document.querySelectorAll("main details")) part.open = true;
  const pieces = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, holder = node.parentElement;
    if (!node.data.trim() || holder.closest("script, style, title, desc, option, .unseen, .skip") || !holder.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width > 1 && box.height > 1) pieces.push({ node, holder, box, text: node.data.trim().slice(0, 50) });
    }
  }
  const problems = [];
  const scrolls = (style) => ["auto", "scroll"].includes(style.overflowX);
  const clips = (style) => ["hidden", "clip"].includes(style.overflowX) && style.display !== "inline";
  const shortens = (style) => style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none";
  const visible = (element, box) => {
    const room = element.getBoundingClientRect();
    const [left, right] = [Math.max(room.left, box.left), Math.min(room.right, box.right)];
    return { left, right, top: Math.max(room.top, box.top), bottom: Math.min(room.bottom, box.bottom) };
  };
  for (const piece of pieces) {
    let fenced = false;
    for (let one = piece.holder; one && one !== document.documentElement; one = one.parentElement) {
      const style = getComputedStyle(one), { box } = piece;
      if (!scrolls(style) && !clips(style)) continue;
      const seen = visible(one, box);
      const hanging = style.whiteSpaceCollapse === "preserve" ? 8 : 1;  // a blank at a line's end hangs over
      if (scrolls(style) || shortens(style)) [fenced, piece.box] = [true, seen];
      else if (seen.left > box.left + 1 || seen.right < box.right - hanging || seen.bottom < box.bottom - 4) {
        problems.push(`clipped by ${one.tagName}.${one.getAttribute("class")}: ${piece.text}`);
      }
    }
    if (!fenced && (piece.box.left < -1 || piece.box.right > innerWidth + 1)) problems.push(`outside the page: ${piece.text}`);
  }
  pieces.sort((a, b) => a.box.top - b.box.top);
  for (const [place, one] of pieces.entries()) {
    for (let next = place + 1; next < pieces.length && pieces[next].box.top < one.box.bottom - 3; next++) {
      const other = pieces[next];
      if (other.node === one.node || one.holder.closest(".bar") || other.holder.closest(".bar")) continue;
      const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (wide > 2 && high > 3) problems.push(`"${one.text}" lies on "${other.text}" in ${one.holder.closest("section")?.id}`);
    }
  }
  return [...new Set(problems)].slice(0, 25);
}

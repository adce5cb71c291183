import { elementAt } from '../errors/element-at.js';
import { escapeXml, type Picture } from './plot-svg.js';

/** Follows the pointer and the keyboard; texts are set as text, never as markup. */
const SCRIPT = `const tip=document.getElementById('tip');
const show=(mark,x,y)=>{tip.textContent=mark.dataset.tip;tip.hidden=false;
tip.style.left=Math.max(8,Math.min(x+14,innerWidth-tip.offsetWidth-8))+'px';
tip.style.top=Math.max(8,Math.min(y+14,innerHeight-tip.offsetHeight-8))+'px'};
for(const mark of document.querySelectorAll('.mark')){const title=mark.querySelector('title');if(!title)continue;
mark.dataset.tip=title.textContent;mark.setAttribute('aria-label',title.textContent);title.remove();
mark.addEventListener('pointermove',event=>show(mark,event.clientX,event.clientY));
mark.addEventListener('pointerleave',()=>{tip.hidden=true});
mark.addEventListener('focus',()=>{const box=mark.getBoundingClientRect();show(mark,box.right,box.bottom)});
mark.addEventListener('blur',()=>{tip.hidden=true})}`;

/** One file that needs no other: the pictures, and their points' values beside the pointer. */
export function plotPage(pictures: readonly Picture[]): string {
  const title = escapeXml(elementAt(pictures, 0).title);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${title}</title>
<style>
body{margin:0;background:#fff}svg{display:block;max-width:100%;height:auto;margin:0 auto 24px}
#tip{position:fixed;white-space:pre;pointer-events:none;padding:6px 10px;border-radius:6px;font:13px/1.4 system-ui,sans-serif;background:#222;color:#fff;box-shadow:0 2px 8px #0006}
@media (prefers-color-scheme:dark){body{background:#15181c}#tip{background:#eee;color:#111}}
</style>
${pictures.map(({ svg }) => svg).join('')}<div id="tip" hidden></div>
<script>${SCRIPT}</script>
</html>
`;
}

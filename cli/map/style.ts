// PURE: the style sheet of the page: system fonts, one palette, light and dark, wide and narrow.
export const style = `
:root{color-scheme:light dark;--paper:#f4f6f8;--card:#fff;--ink:#15202b;--soft:#506070;--line:#d3dae1;--lead:#0a645c;
--wash:#e3f1ef;--care:#7f5200;--carewash:#fbf1dd;--bad:#a8201a;--badwash:#fbe9e8}
@media (prefers-color-scheme:dark){:root{--paper:#0e141a;--card:#171f27;--ink:#e6ebf0;--soft:#a2afbc;--line:#303c48;
--lead:#62c9bd;--wash:#14302f;--care:#ebb65a;--carewash:#2d2514;--bad:#ff9189;--badwash:#361c1b}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;
font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
header,main,footer{max-width:80rem;margin:0 auto;padding:1rem clamp(1rem,3vw,2rem)}
header{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;align-items:baseline;color:var(--soft);font-size:.9rem}
header strong{color:var(--ink);font-size:1rem}
#live{margin-left:auto}
#live::before{content:"";display:inline-block;width:.55rem;height:.55rem;margin-right:.45rem;border-radius:50%;background:var(--soft)}
#live.on::before{background:var(--lead)}
#live.off{color:var(--bad);font-weight:600}
#live.off::before{background:var(--bad)}
main{display:grid;gap:1.25rem;padding-top:0}
main>div:empty{display:none}
.now{display:flex;gap:1.1rem;align-items:center;padding:1.4rem clamp(1rem,3vw,1.75rem);border-radius:.75rem;background:var(--wash);
border:1px solid var(--line)}
.now.care{background:var(--carewash)}
.now.bad{background:var(--badwash)}
.stale .now{opacity:.55}
.level{margin:0;font-weight:600;font-size:.9rem;color:var(--lead)}
.care .level{color:var(--care)}
.bad .level{color:var(--bad)}
h1{margin:.1rem 0 0;font-size:clamp(1.3rem,1rem + 1.5vw,2rem);line-height:1.25;font-weight:650;letter-spacing:-.01em;text-wrap:balance}
h1 .since{color:var(--soft);white-space:nowrap;font-weight:500}
.sign{flex:none;width:3rem;height:3rem;fill:none;stroke:var(--lead);stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round}
.sign.care{stroke:var(--care)}
.sign.bad{stroke:var(--bad)}
.panel{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.1rem clamp(1rem,3vw,1.75rem) 1.3rem}
h2{margin:0 0 .8rem;font-size:1.05rem;font-weight:650}
.soft{color:var(--soft)}
.note{margin:.9rem 0 0;font-size:.9rem}
code{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--paper);border:1px solid var(--line);
border-radius:.3rem;padding:.1rem .35rem;-webkit-box-decoration-break:clone;box-decoration-break:clone}
a{color:var(--lead)}
:focus-visible{outline:3px solid var(--lead);outline-offset:2px}
ul,ol{list-style:none;margin:0;padding:0}
.trees{overflow-x:auto;display:grid;gap:1.1rem}
.tree li{display:flex;align-items:center;position:relative;padding:.35rem 0}
.tree ul{position:relative;margin-left:1.5rem}
.tree ul::before{content:"";position:absolute;left:-1.5rem;top:50%;width:1.5rem;border-top:2px solid var(--line)}
.tree ul>li::before{content:"";position:absolute;left:0;top:0;bottom:0;border-left:2px solid var(--line)}
.tree ul>li:first-child::before{top:50%}
.tree ul>li:last-child::before{bottom:50%}
.tree ul>li:only-child::before{display:none}
.edge{position:relative;flex:none;width:9.5rem;padding:0 .9rem;display:grid;grid-template-rows:1fr 1fr;font-size:.85rem;line-height:1.3;
text-align:center;align-self:stretch}
.edge span:first-child{align-self:end;padding-bottom:.3rem}
.edge span+span{padding-top:.3rem}
.edge::before{content:"";position:absolute;left:0;right:.5rem;top:calc(50% - 1px);border-top:2px solid var(--lead)}
.edge::after{content:"";position:absolute;right:0;top:calc(50% - .35rem);border:.35rem solid transparent;border-left:.55rem solid var(--lead);
border-right:0}
.edge.broken::before{border-top:2px dashed var(--bad)}
.edge.broken::after{display:none}
.edge.broken span:first-child{color:var(--bad);font-weight:600}
.place{flex:none;width:12rem;display:grid;padding:.6rem .85rem;border:1px solid var(--line);border-left:5px solid var(--line);
border-radius:.5rem;background:var(--card);line-height:1.35}
.place.leads{border-color:var(--lead);background:var(--wash)}
.place.follows{border-left-color:var(--lead)}
.place.troubled{border-left-color:var(--care)}
.place.absent{border-style:dashed;border-left:5px solid var(--bad)}
.host{font-weight:650}
.role{color:var(--soft)}
.leads .role{color:var(--lead);font-weight:600}
.troubled .role{color:var(--care);font-weight:600}
.absent .role{color:var(--bad);font-weight:600}
.marks,.doing{font-size:.85rem}
.doing{margin-top:.2rem}
.steps{counter-reset:s}
.steps li{position:relative;padding:0 0 .9rem 2.4rem;display:grid}
.steps li:last-child{padding-bottom:0}
.steps li::before{content:"";position:absolute;left:.35rem;top:.25rem;width:1rem;height:1rem;border-radius:50%;border:2px solid var(--soft);
background:var(--card);z-index:1}
.steps li:not(:last-child)::after{content:"";position:absolute;left:.8rem;top:1.3rem;bottom:-.2rem;border-left:2px solid var(--line)}
.steps .done::before{background:var(--lead);border-color:var(--lead)}
.steps .now::before{border-color:var(--care);border-width:5px}
.steps .stuck::before{background:var(--bad);border-color:var(--bad);border-radius:.15rem}
.steps .next .what{color:var(--soft)}
.steps .now .what,.steps .stuck .what{font-weight:650}
.mark{font-size:.8rem;font-weight:500;padding:.05rem .5rem;border-radius:1rem;color:var(--soft);white-space:nowrap}
.now>.what>.mark{color:var(--care);background:var(--carewash)}
.stuck>.what>.mark{color:var(--bad);background:var(--badwash)}
@media (prefers-reduced-motion:no-preference){.steps .now::before{animation:p 1.8s ease-in-out infinite}
@keyframes p{50%{box-shadow:0 0 0 .35rem var(--carewash)}}}
.todo li{padding:.8rem 0;border-top:1px solid var(--line)}
.todo li:first-child{padding-top:0;border:0}
.todo li:last-child{padding-bottom:0}
.todo p{margin:0}
.fix{margin:.3rem 0 0}
.todo .fix{padding-left:1rem;border-left:3px solid var(--line);margin:.4rem 0 0}
summary{cursor:pointer;padding:.2rem 0}details .todo{margin-top:.8rem}.todo+p,section>p{margin:0 0 .5rem}
.tag{display:inline-block;font-size:.8rem;font-weight:600;border-radius:1rem;padding:.05rem .6rem;margin-right:.2rem}
.tag.error{color:var(--bad);background:var(--badwash)}
.tag.warning{color:var(--care);background:var(--carewash)}
.pair{display:grid;gap:1.25rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr))}
.pair>div,.pair .panel{height:100%}
dl{margin:0;display:grid;gap:.45rem}
dl+dl,svg+dl{margin-top:1rem}
dl>div{display:grid;grid-template-columns:7.5rem 1fr;gap:.75rem}
dt{color:var(--soft)}
dd{margin:0}
.bar{display:block;width:100%;max-width:16rem;height:.4rem;margin-top:.3rem}
.all{fill:var(--line)}
.part{fill:var(--lead)}
.voters{display:grid;gap:.1rem}
.time{display:block;width:100%;height:44px;overflow:visible}
.time .backup{fill:var(--card);stroke:var(--lead);stroke-width:3}
.time .drill{fill:none;stroke:var(--lead);stroke-width:1.5}
.time .next{fill:var(--card);stroke:var(--soft);stroke-width:2;stroke-dasharray:3 2}
.time .now{fill:var(--ink)}
.ends{display:flex;justify-content:space-between;gap:1rem;font-size:.85rem;color:var(--soft);margin:.1rem 0 1rem}
.events li{display:grid;grid-template-columns:15.5rem 8rem 1fr;gap:.2rem 1rem;padding:.55rem 0;border-top:1px solid var(--line)}
.events li:first-child{border:0;padding-top:0}
footer{color:var(--soft);font-size:.85rem;padding-bottom:2rem}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@media (max-width:72rem){.tree li{display:block}
.tree ul{margin:0 0 0 1.1rem;padding-left:1.1rem;border-left:2px solid var(--line)}
.tree ul::before,.tree ul>li::before,.edge::before,.edge::after{display:none!important}
.tree ul>li:first-child{padding-top:.7rem}
.edge{width:auto;display:block;text-align:left;padding:0 0 .3rem}
.edge span+span:not(:empty)::before{content:" · "}
.edge.flows span:first-child{color:var(--lead)}
.place{width:auto;max-width:24rem}}
@media (max-width:44rem){.events li{grid-template-columns:1fr}.sign{width:2.2rem;height:2.2rem}.now{align-items:flex-start}
dl>div{grid-template-columns:1fr;gap:0}#live{margin-left:0}}
@media print{body{background:#fff}#live{display:none}}
`.replaceAll("\n", "");

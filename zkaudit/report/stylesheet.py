"""The style of the page: one column, system fonts, light and dark, a phone, a desk and a printer."""

from __future__ import annotations

from zkaudit.report.element import StyleSheet

STYLE = StyleSheet(
    """
:root{color-scheme:light dark;
--paper:#fff;--ink:#1b1f24;--soft:#59616b;--line:#dfe3e8;--tint:#f5f6f8;--accent:#0b5cad;--region:#e6f0fa;
--good:#146c3a;--good-tint:#edf7f0;--warn:#7a4d00;--warn-tint:#fdf4e1;--bad:#b3191f;--bad-tint:#fdeeee;
--on-solid:#fff;--solid-bad:#b3191f;--solid-warn:#7a4d00;--heat:11,92,173;--wrong:179,25,31}
@media (prefers-color-scheme:dark){:root{
--paper:#14171b;--ink:#e8eaed;--soft:#a3abb5;--line:#30363d;--tint:#1c2025;--accent:#7db8f5;--region:#1b2c3f;
--good:#6cd193;--good-tint:#14251b;--warn:#f0bd5c;--warn-tint:#2b220f;--bad:#ff9a94;--bad-tint:#351719;
--on-solid:#fff;--solid-bad:#b3191f;--solid-warn:#7a4d00;--heat:96,165,240;--wrong:240,110,105}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
font:1rem/1.55 -apple-system,BlinkMacSystemFont,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
overflow-wrap:anywhere}
.page{max-width:47rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
p{margin:.5rem 0}
h1,h2,h3{line-height:1.25;text-wrap:balance}
h2{font-size:1.25rem;margin:0 0 .75rem;letter-spacing:-.01em}
h3{font-size:1rem;margin:1.75rem 0 .5rem}
section{margin-top:3rem}
code,pre,.digest{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.9em}
.soft,figcaption,caption,.source{color:var(--soft)}
.small,figcaption,caption,.source{font-size:.875rem}
.eyebrow{margin:0 0 1rem;font-size:.875rem;color:var(--soft)}
.verdict{border-left:6px solid var(--good);background:var(--good-tint);padding:1.5rem 1.5rem 1.4rem}
.verdict h1{display:flex;align-items:center;gap:.7rem;margin:0;font-size:2.1rem;letter-spacing:-.02em;
color:var(--good)}
.verdict .lead{margin:.75rem 0 0;font-size:1.125rem;line-height:1.45}
.verdict .claim{display:inline-block;margin-top:.9rem;font-size:1.125rem;font-weight:600}
.verdict .sign{flex:none;width:2.1rem;height:2.1rem}
.sign path{fill:none;stroke:currentColor;stroke-width:3;stroke-linecap:round;stroke-linejoin:round}
.sign circle{fill:none;stroke:currentColor;stroke-width:2.5}
.policy .verdict{border-color:var(--solid-warn);background:var(--warn-tint)}
.policy .verdict h1{color:var(--warn)}
.rejected{border:10px solid var(--solid-bad)}
.rejected .verdict{border-color:var(--solid-bad);background:var(--solid-bad);color:var(--on-solid)}
.rejected .verdict h1{color:var(--on-solid);font-size:2.6rem;text-transform:uppercase;letter-spacing:.02em}
.stamp{color:var(--bad);font-weight:600}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:1.25rem 1.5rem;margin:1.75rem 0 0}
.figures div{border-top:1px solid var(--line);padding-top:.6rem}
.figures dt{font-size:.875rem;color:var(--soft)}
.figures dd{margin:0;font-size:1.5rem;font-weight:600;line-height:1.3;letter-spacing:-.015em;
font-variant-numeric:tabular-nums}
.figures dd span{display:block;font-size:.875rem;font-weight:400;color:var(--soft);letter-spacing:0}
.checks{list-style:none;margin:0;padding:0}
.checks li{display:grid;grid-template-columns:6.5rem 1fr;gap:0 1rem;padding:.7rem 0;border-top:1px solid var(--line)}
.checks p{margin:.1rem 0 0;color:var(--soft)}
.state{font-size:.875rem;font-weight:600;padding-top:.1rem}
.state.passed{color:var(--good)}
.state.failed{color:var(--bad)}
.state.not-checked{color:var(--warn)}
.state.not-given,.state.not-reached{color:var(--soft)}
.facts{display:grid;grid-template-columns:9.5rem 1fr;gap:.45rem 1rem;margin:0}
.facts dt{color:var(--soft)}
.facts dd{margin:0}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;padding-bottom:.6rem}
th,td{padding:.45rem .75rem .45rem 0;border-top:1px solid var(--line);text-align:left;vertical-align:top;
font-weight:400}
th:last-child,td:last-child{padding-right:0}
thead th,thead td{border-top:0;font-size:.875rem;color:var(--soft);vertical-align:bottom}
tfoot th,tfoot td{font-weight:600;border-top:2px solid var(--line)}
.number{text-align:right;white-space:nowrap}
.bar-cell{width:32%;min-width:5rem;padding-top:.85rem}
.source{display:block}
.guaranteed{width:38%;min-width:8.5rem}
.figures+table{margin-top:2rem}
.bar{display:block;width:100%;height:.75rem}
.bar .track{fill:var(--tint)}
.bar .value{fill:var(--accent)}
.bar .weak{fill:var(--warn)}
.bar .mark{stroke:var(--ink);stroke-width:1}
.scroll{overflow-x:auto}
.matrix{width:auto;font-size:.875rem;white-space:nowrap}
.matrix caption{white-space:normal}
.matrix th,.matrix td{border:0;padding:.3rem .3rem;min-width:2.1rem;text-align:center;vertical-align:middle}
.matrix thead th{vertical-align:bottom}
.matrix td{border:1px solid var(--paper)}
.matrix .total{padding-left:.8rem;text-align:right}
.right-1{background:rgba(var(--heat),.12)}.right-2{background:rgba(var(--heat),.24)}
.right-3{background:rgba(var(--heat),.34)}.right-4{background:rgba(var(--heat),.44)}
.wrong-1{background:rgba(var(--wrong),.13)}.wrong-2{background:rgba(var(--wrong),.22)}
.wrong-3{background:rgba(var(--wrong),.3)}.wrong-4{background:rgba(var(--wrong),.38)}
.none{color:var(--soft)}
figure{margin:0}
.plot{display:block;width:100%;height:auto;overflow:visible}
.plot.narrow{display:none}
.plot text{font-size:13px;fill:var(--ink)}
.plot .tick,.plot .axis,.plot .muted{fill:var(--soft)}
.plot .own{font-weight:600;fill:var(--ink)}
.plot .accent{fill:var(--accent)}
.plot .halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.plot .grid{stroke:var(--line)}
.plot .axis-line,.plot .axis-mark{stroke:var(--soft)}
.plot .region{fill:var(--region)}
.plot .curve{fill:none;stroke:var(--accent);stroke-width:2}
.plot .share{stroke:var(--soft);stroke-dasharray:5 4}
.plot .drop{stroke:var(--soft);stroke-dasharray:2 3}
.plot .interval{stroke:var(--ink);stroke-width:2}
.plot .point{fill:var(--accent);stroke:var(--paper);stroke-width:2}
figcaption{margin-top:.75rem}
.digest{font-size:.95rem;line-height:1.7;max-width:41ch}
.digest span{margin-right:1ch;white-space:nowrap}
.digest span:nth-of-type(even){color:var(--soft)}
pre{margin:.5rem 0;padding:1rem;background:var(--tint);white-space:pre-wrap;line-height:1.6}
.plain{margin:.5rem 0;padding-left:1.2rem}
.plain li{margin:.25rem 0}
footer{margin-top:3.5rem;padding-top:1rem;border-top:1px solid var(--line);font-size:.875rem;color:var(--soft)}
@media (max-width:34rem){
.page{padding:1.25rem 1rem 3rem}
.verdict{padding:1.25rem 1.1rem}
.verdict h1{font-size:1.75rem}
.rejected .verdict h1{font-size:1.9rem}
.verdict .lead{font-size:1.05rem}
.figures{grid-template-columns:1fr 1fr;gap:1rem}
.figures dd{font-size:1.3rem}
.checks li{grid-template-columns:1fr}
.facts{grid-template-columns:1fr;gap:0}
.facts dd{margin-bottom:.6rem}
.plot.wide{display:none}
.plot.narrow{display:block}
.digest{max-width:21ch}
.matrix{font-size:.8125rem}
.matrix th,.matrix td{padding:.25rem .1rem;min-width:1.45rem}
.matrix .total{padding-left:.4rem}}
@media print{
:root{color-scheme:light;
--paper:#fff;--ink:#000;--soft:#444;--line:#bbb;--tint:#f3f3f3;--accent:#0b4a8a;--region:#e6f0fa;
--good:#0f5c31;--good-tint:#fff;--warn:#6b4300;--warn-tint:#fff;--bad:#a3161c;--bad-tint:#fff;
--heat:11,92,173;--wrong:179,25,31}
body{font-size:10pt}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
.page{max-width:none;padding:0}
.verdict{border:2px solid var(--good);border-left-width:6px}
section{margin-top:1.75rem}
h2,h3,caption{break-after:avoid}
tr,li,figure,pre,.verdict,.figures div,dd{break-inside:avoid}
thead{display:table-header-group}
.scroll{overflow:visible}}
"""
)
"""The one style element."""

// The one style sheet of all reports.
#pragma once

namespace seqguard {
inline namespace v0 {

/// Colours: Okabe and Ito's palette, darkened on white and lightened on black until words reach a contrast of 4.5 and
/// areas one of 3 (WCAG 2.1); blue and vermilion, which carry the meaning, differ for every kind of colour blindness.
/// Never by colour alone: what is marked has a word, a border or a sign too.
inline constexpr const char* k_style_sheet = R"css(
:root{color-scheme:light dark;--bg:#f5f6f8;--card:#fff;--ink:#17202b;--muted:#5a6675;--line:#e1e5ea;--soft:#eef1f5;
--blue:#0b69a8;--bad:#c0420a;--good:#00795a;--wash:#fdf1ea;
--c0:#cfe3f3;--c1:#fbe3c4;--c2:#c9ebdd;--c3:#f3d6e6;--c4:#e3dcf5;--c5:#f7f0b8;--c6:#d5edf7;--c7:#f5d3cb;--c8:#dfe9c6;
--c9:#e6ddd2;--cx:#e8ebef}
@media (prefers-color-scheme:dark){:root{--bg:#0f141a;--card:#182029;--ink:#e7ecf2;--muted:#9eabba;--line:#2b3642;
--soft:#222c37;--blue:#5fb0ea;--bad:#f6905c;--good:#4ccba1;--wash:#33231b;
--c0:#1f4a6b;--c1:#6a4a1a;--c2:#1d5a47;--c3:#653450;--c4:#463a70;--c5:#59551c;--c6:#1d5568;--c7:#6b3529;
--c8:#465a20;--c9:#534638;--cx:#323d49}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 Inter,system-ui,-apple-system,"Segoe UI",Roboto,
"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}
header,main,footer{max-width:1180px;margin:0 auto;padding:0 20px}
header{padding-top:36px}
.kind{color:var(--blue);font-size:13px;font-weight:600;letter-spacing:.06em;text-transform:uppercase;margin:0}
h1{font-size:30px;line-height:1.2;margin:4px 0 8px;overflow-wrap:anywhere;font-weight:650;letter-spacing:-.01em}
.lead{color:var(--muted);margin:0;max-width:76ch;font-size:16px}
h2{font-size:20px;line-height:1.3;margin:44px 0 4px;font-weight:650;letter-spacing:-.005em}
.words{color:var(--muted);margin:0 0 14px;max-width:80ch}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(230px,1fr));gap:12px;margin:24px 0 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.tile .name{color:var(--muted);font-size:13px}
.tile .value{font-size:25px;line-height:1.25;font-weight:650;letter-spacing:-.01em}
.tile .detail{color:var(--muted);font-size:13px}
.tile.bad .value{color:var(--bad)}
.notice{border:1px solid var(--line);border-left:4px solid var(--blue);background:var(--card);border-radius:8px;
padding:12px 16px;margin:16px 0 0;overflow-wrap:anywhere}
.notice.warning{border-left-color:var(--bad);background:var(--wash)}
.notice b{font-weight:650}
.notice ul{margin:4px 0 0;padding-left:20px}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,430px),1fr));gap:16px;margin-top:14px}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px 14px;min-width:0;
display:flex;flex-direction:column}
figure.wide{grid-column:1/-1}
figure h3{font-size:15.5px;line-height:1.35;margin:0 0 10px;font-weight:650;overflow-wrap:anywhere}
figcaption{color:var(--muted);font-size:13px;line-height:1.45;margin-top:auto;padding-top:10px}
svg{display:block;width:100%;height:auto;font:12px Inter,system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif}
svg text{fill:var(--muted)}
svg .label{font-size:12px}
svg .marked{fill:var(--bad);font-weight:600}
svg .said{fill:var(--ink)}
svg .strong{font-size:15px;font-weight:650}
svg .on-cell{fill:var(--card);font-weight:600}
.grid{stroke:var(--line);stroke-width:1}
.axis{stroke:var(--muted);stroke-width:1}
.mark{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:5 4}
.ref{fill:none;stroke:var(--muted);stroke-width:1.2;stroke-dasharray:3 4}
.fill-blue{fill:var(--blue)}.fill-bad{fill:var(--bad)}.fill-muted{fill:var(--muted)}
.veil-blue{fill:var(--blue);fill-opacity:.55}.veil-bad{fill:var(--bad);fill-opacity:.6}
.band{fill:var(--blue);fill-opacity:.14;stroke:none}
.line-blue,.line-bad,.line-good{fill:none;stroke-width:2.2;stroke-linejoin:round}
.line-blue{stroke:var(--blue)}.line-bad{stroke:var(--bad)}.line-good{stroke:var(--good)}
.dot-blue{fill:var(--blue);stroke:var(--card);stroke-width:1.5}.dot-bad{fill:var(--bad);stroke:var(--card);stroke-width:1.5}
.cloud-blue{fill:var(--blue);fill-opacity:.45}.cloud-bad{fill:var(--bad);fill-opacity:.9;stroke:var(--card);stroke-width:.8}
.cell{fill:var(--blue)}
.cell-0{fill:var(--soft)}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
.scroll svg{min-width:860px}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:6px 10px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap;vertical-align:top}
th{color:var(--muted);font-size:12.5px;font-weight:600;white-space:normal;vertical-align:bottom;line-height:1.3}
th.left{text-align:left}
th:first-child,td:first-child{text-align:left;padding-left:0}
th:last-child,td:last-child{padding-right:0}
td.words{text-align:left;white-space:normal;min-width:180px;color:inherit;overflow-wrap:anywhere}
td.bad{color:var(--bad);font-weight:600}td.good{color:var(--good);font-weight:600}td.strong{font-weight:650}
tbody tr:last-child td{border-bottom:0}
.bars{display:grid;grid-template-columns:minmax(60px,max-content) 1fr max-content;gap:4px 10px;align-items:center;font-size:13.5px}
.bars .n{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;max-width:180px;unicode-bidi:isolate}
.bars .t{text-align:right;color:var(--muted)}
.bars svg{height:13px;border-radius:3px;background:var(--soft)}
.legend{display:flex;flex-wrap:wrap;gap:8px 16px;font-size:13px;color:var(--muted);margin:0 0 6px}
.legend>span{display:inline-flex;align-items:center}
.legend .b{margin-right:7px}
h2+.legend,.words+.legend{margin-top:12px}
.legend svg{width:14px;height:14px;display:inline-block;vertical-align:-2px;margin-right:6px}
.cards{display:grid;gap:12px;margin-top:14px}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 18px;break-inside:avoid}
.card h3{margin:0;font-size:15.5px;display:flex;flex-wrap:wrap;gap:2px 10px;align-items:baseline;overflow-wrap:anywhere;font-weight:650}
.card h3 span{font-weight:400;color:var(--muted);font-size:13.5px}
.card p{margin:8px 0 0;font-size:13.5px;color:var(--muted);overflow-wrap:anywhere}
.blocks{display:flex;flex-wrap:wrap;gap:4px 3px;margin-top:10px}
.b{font-size:12px;line-height:1;padding:5px 7px;border-radius:5px;border:1.5px solid transparent;max-width:190px;overflow:hidden;
text-overflow:ellipsis;white-space:nowrap;unicode-bidi:isolate;color:var(--ink);-webkit-print-color-adjust:exact;print-color-adjust:exact}
.b.odd{border-color:var(--bad);box-shadow:0 0 0 1px var(--bad)}
.b.odd:before{content:"\25B2\00A0";color:var(--bad);font-size:9px;vertical-align:1px}
.b.true{text-decoration:underline;text-decoration-thickness:2px;text-underline-offset:2px;font-weight:650}
.b.gap{color:var(--muted);padding:5px 2px}
.c0{background:var(--c0)}.c1{background:var(--c1)}.c2{background:var(--c2)}.c3{background:var(--c3)}.c4{background:var(--c4)}
.c5{background:var(--c5)}.c6{background:var(--c6)}.c7{background:var(--c7)}.c8{background:var(--c8)}.c9{background:var(--c9)}
.cx{background:var(--cx)}
footer{color:var(--muted);font-size:13px;padding-top:32px;padding-bottom:40px;overflow-wrap:anywhere}
@media (max-width:600px){header,main,footer{padding-left:14px;padding-right:14px}header{padding-top:24px}h1{font-size:24px}
.tiles{grid-template-columns:repeat(2,1fr);gap:8px}.tile{padding:10px 12px}.tile .value{font-size:21px}figure{padding:14px 12px 12px}
.card{padding:12px}.bars .n{max-width:110px}svg .tick,svg .label{font-size:13.5px}}
@media print{:root{--bg:#fff;--card:#fff;--ink:#000;--muted:#444;--line:#ccc;--soft:#eee;--blue:#0b69a8;--bad:#c0420a;--good:#00795a;
--wash:#fff;--c0:#cfe3f3;--c1:#fbe3c4;--c2:#c9ebdd;--c3:#f3d6e6;--c4:#e3dcf5;--c5:#f7f0b8;--c6:#d5edf7;--c7:#f5d3cb;
--c8:#dfe9c6;--c9:#e6ddd2;--cx:#e8ebef}
body{font-size:11pt}figure,.tile,.card,tr{break-inside:avoid}h2{break-after:avoid}.scroll{overflow:visible}
.figures{grid-template-columns:1fr 1fr}}
)css";

}  // namespace v0
}  // namespace seqguard

"""How the report's page looks."""

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f5f7; color: #1d2430; font: 15px/1.5 system-ui, "DejaVu Sans",
  Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 24px 48px; }
h1 { font-size: 25px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 34px 0 10px; }
p { margin: 4px 0 10px; color: #566072; max-width: 88ch; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 12px;
  margin-top: 18px; }
.tile, .card { background: #fff; border: 1px solid #dfe3e8; border-radius: 8px; }
.tile { padding: 12px 14px; }
.tile b { display: block; font-size: 22px; line-height: 1.25; }
.tile span { color: #566072; font-size: 13px; }
.card { padding: 14px 16px; overflow-x: auto; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(430px, 1fr)); gap: 14px; }
.plots .card { display: flex; align-items: center; justify-content: center; }
svg { max-width: 100%; height: auto; display: block; }
table { border-collapse: collapse; width: 100%; font-size: 13px;
  font-variant-numeric: tabular-nums; }
th { text-align: left; color: #566072; font-weight: 600; border-bottom: 2px solid #dfe3e8; }
th, td { padding: 5px 12px 5px 0; vertical-align: top; }
td { border-bottom: 1px solid #eef0f3; }
tr:last-child td { border-bottom: 0; }
td:first-child { font-weight: 600; overflow-wrap: anywhere; min-width: 90px; }
table.numbers td, table.numbers th { white-space: nowrap; }
table.numbers td:not(:first-child), table.numbers th:not(:first-child) { text-align: right; }
ol.advice { margin: 0; padding-left: 24px; }
ol.advice li { padding: 5px 0; }
ol.advice b { overflow-wrap: anywhere; }
.try { color: #1b6e3c; }
"""

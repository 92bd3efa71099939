# The table of bench/quality.sh from its JSON lines: means over seeds, then each detector alone, then the regret.
function field(name, text) {
    if (match($0, "\"" name "\":(\"[^\"]*\"|[-0-9.e+]+)") == 0) return ""
    text = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
    gsub(/"/, "", text)
    return text
}
function mean(key, name) { return ((key, name) in sum) ? sum[key, name] / count[key, name] : "" }
function show(key, name, format) { return ((key, name) in sum) ? sprintf(format, mean(key, name)) : "-" }
{
    key = field("set") "\t" field("preset") "\t" field("group") "\t" field("detector")
    if (!(key in seen)) { seen[key] = 1; order[++keys] = key }
    for (i = split("prevalence auroc ap tpr1 tpr5 fpr f1 projected_f1 fit_seconds us_per_sequence best_single", names, " "); i > 0; --i) {
        value = field(names[i])
        if (value != "") { sum[key, names[i]] += value; ++count[key, names[i]] }
    }
    family[field("set")] = field("family")
}
END {
    printf "%-17s %-8s %-14s %6s %7s %7s %6s %6s %6s %6s %8s %7s %8s\n", "set", "preset", "group", "preval", "AUROC", "AP", "TPR1%", "TPR5%", "FPR", "F1", "proj.F1", "fit s", "us/seq"
    for (k = 1; k <= keys; ++k) {
        split(order[k], part, "\t")
        if (part[4] != "all") continue
        printf "%-17s %-8s %-14s %6s %7s %7s %6s %6s %6s %6s %8s %7s %8s", part[1], part[2], part[3], show(order[k], "prevalence", "%.3f"), show(order[k], "auroc", "%.4f"), show(order[k], "ap", "%.4f"), show(order[k], "tpr1", "%.3f"), show(order[k], "tpr5", "%.3f"), show(order[k], "fpr", "%.4f"), show(order[k], "f1", "%.3f"), show(order[k], "projected_f1", "%.3f"), show(order[k], "fit_seconds", "%.1f"), show(order[k], "us_per_sequence", "%.1f")
        printf "\n"
        if (part[2] == "default" && mean(order[k], "best_single") >= 0.6) {
            set_regret[part[1]] += mean(order[k], "best_single") - mean(order[k], "auroc")
            ++set_groups[part[1]]
        }
    }
    printf "\nAUROC of each detector alone\n"
    for (k = 1; k <= keys; ++k) {
        split(order[k], part, "\t")
        group = part[1] "\t" part[2] "\t" part[3]
        if (part[4] == "all") continue
        if (!(group in line)) { line[group] = ""; groups[++n] = group }
        line[group] = line[group] sprintf(" %s %s", part[4], show(order[k], "auroc", "%.3f"))
    }
    for (g = 1; g <= n; ++g) { split(groups[g], part, "\t"); printf "%-17s %-8s %-14s%s\n", part[1], part[2], part[3], line[groups[g]] }
    for (set in set_regret) {
        family_regret[family[set]] += set_regret[set] / set_groups[set]
        ++family_sets[family[set]]
    }
    for (f in family_regret) { total += family_regret[f] / family_sets[f]; ++families }
    if (families > 0) printf "\nmean regret against the best single view picked with the labels, over %d families: %.4f\n", families, total / families
}

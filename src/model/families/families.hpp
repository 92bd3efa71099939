// The rows of traits, one per file beside this one. A new family is one file, its line here and in families.cpp.
#pragma once

#include "seqguard/model/config.hpp"
#include "seqguard/model/family.hpp"

namespace seqguard {
inline namespace v0 {

extern const FamilyTraits k_bert;
extern const FamilyTraits k_roberta, k_xlm_roberta, k_camembert;
extern const FamilyTraits k_distilbert;
extern const FamilyTraits k_electra;
extern const FamilyTraits k_albert;
extern const FamilyTraits k_mpnet;
extern const FamilyTraits k_modernbert;

}  // namespace v0
}  // namespace seqguard

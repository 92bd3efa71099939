#include "model/families/families.hpp"

#include <cstddef>

namespace seqguard {
inline namespace v0 {
namespace {

constexpr const FamilyTraits* k_families[] = {&k_bert,    &k_roberta, &k_xlm_roberta, &k_camembert, &k_distilbert,
                                              &k_electra, &k_albert,  &k_mpnet,       &k_modernbert};

}  // namespace

const FamilyTraits& traits_of(Family family) noexcept { return *k_families[static_cast<std::size_t>(family)]; }

std::span<const FamilyTraits* const> families() noexcept { return k_families; }

}  // namespace v0
}  // namespace seqguard

// BERT, also MiniLM, bge, e5: what all others are described by.
#include "model/families/families.hpp"

namespace seqguard {
inline namespace v0 {

constinit const FamilyTraits k_bert = {.family = Family::bert,
                                       .model_type = "bert",
                                       .class_prefix = "Bert",
                                       .tensor_prefix = "bert.",
                                       .tokenizer_gives_types = true};

}  // namespace v0
}  // namespace seqguard

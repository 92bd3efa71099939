// The arithmetic of all layers, compiled once with the flags of this library.
#define SEQGUARD_INSTANTIATES  // keeps the lists of instantiations that the headers end with
#include "seqguard/layers/activation.hpp"
#include "seqguard/layers/classification_head.hpp"
#include "seqguard/layers/dropout.hpp"
#include "seqguard/layers/embedding.hpp"
#include "seqguard/layers/feed_forward.hpp"
#include "seqguard/layers/head_transform.hpp"
#include "seqguard/layers/layer_norm.hpp"
#include "seqguard/layers/linear.hpp"
#include "seqguard/layers/lora.hpp"
#include "seqguard/layers/pooling.hpp"
#include "seqguard/layers/relative_position.hpp"
#include "seqguard/layers/rotary.hpp"
#include "seqguard/layers/self_attention.hpp"
#include "seqguard/layers/sublayer.hpp"
#include "seqguard/layers/vocabulary_loss.hpp"

namespace seqguard {
inline namespace v0 {

SEQGUARD_ACTIVATION(, float)
SEQGUARD_ACTIVATION(, double)
SEQGUARD_CLASSIFICATION_HEAD(, float)
SEQGUARD_CLASSIFICATION_HEAD(, double)
SEQGUARD_DROPOUT(, float)
SEQGUARD_DROPOUT(, double)
SEQGUARD_EMBEDDING(, float)
SEQGUARD_EMBEDDING(, double)
SEQGUARD_FEED_FORWARD(, float)
SEQGUARD_FEED_FORWARD(, double)
SEQGUARD_HEAD_TRANSFORM(, float)
SEQGUARD_HEAD_TRANSFORM(, double)
SEQGUARD_LAYER_NORM(, float)
SEQGUARD_LAYER_NORM(, double)
SEQGUARD_LINEAR(, float)
SEQGUARD_LINEAR(, double)
SEQGUARD_LORA(, float)
SEQGUARD_LORA(, double)
SEQGUARD_POOLING(, float)
SEQGUARD_POOLING(, double)
SEQGUARD_RELATIVE_POSITION(, float)
SEQGUARD_RELATIVE_POSITION(, double)
SEQGUARD_ROTARY(, float)
SEQGUARD_ROTARY(, double)
SEQGUARD_SELF_ATTENTION(, float)
SEQGUARD_SELF_ATTENTION(, double)
SEQGUARD_SUBLAYER(, float)
SEQGUARD_SUBLAYER(, double)
SEQGUARD_VOCABULARY_LOSS(, float)
SEQGUARD_VOCABULARY_LOSS(, double)

}  // namespace v0
}  // namespace seqguard

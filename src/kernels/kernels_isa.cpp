// Compiled once per instruction set; exports one table and nothing else.
#include "kernels/activation.inl.hpp"
#include "kernels/adamw.inl.hpp"
#include "kernels/attention_backward.inl.hpp"
#include "kernels/attention_forward.inl.hpp"
#include "kernels/elementwise.inl.hpp"
#include "kernels/isa_name.hpp"
#include "kernels/isa_tables.hpp"
#include "kernels/layer_norm.inl.hpp"
#include "kernels/loss.inl.hpp"
#include "kernels/softmax.inl.hpp"

#define SEQGUARD_QUOTE_(a) #a
#define SEQGUARD_QUOTE(a) SEQGUARD_QUOTE_(a)

namespace seqguard {
inline namespace v0 {

constinit const KernelTable<float> SEQGUARD_ISA_NAME(k_kernels_) = {
    .isa = Isa::SEQGUARD_ISA,
    .name = SEQGUARD_QUOTE(SEQGUARD_ISA),
    .add = add,
    .multiply = multiply,
    .axpy = axpy,
    .add_bias = add_bias,
    .column_sums = column_sums,
    .gelu_forward = gelu_forward,
    .gelu_backward = gelu_backward,
    .gelu_tanh_forward = gelu_tanh_forward,
    .gelu_tanh_backward = gelu_tanh_backward,
    .relu_forward = relu_forward,
    .relu_backward = relu_backward,
    .silu_forward = silu_forward,
    .silu_backward = silu_backward,
    .tanh_forward = tanh_forward,
    .tanh_backward = tanh_backward,
    .dropout = dropout,
    .layer_norm_forward = layer_norm_forward,
    .layer_norm_backward = layer_norm_backward,
    .softmax_forward = softmax_forward,
    .softmax_backward = softmax_backward,
    .log_sum_exp_update = log_sum_exp_update,
    .exp_minus = exp_minus,
    .gather_add = gather_add,
    .scatter_add = scatter_add,
    .attention_forward = attention_forward,
    .attention_backward = attention_backward,
    .bce_with_logits = bce_with_logits,
    .focal_with_logits = focal_with_logits,
    .adamw = adamw,
    .squared_norm = squared_norm,
    .all_finite = all_finite,
};

}  // namespace v0
}  // namespace seqguard

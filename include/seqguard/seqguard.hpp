// The public interface of seqguard.
#pragma once

#include "seqguard/core/error.hpp"
#include "seqguard/core/executor.hpp"
#include "seqguard/core/load_options.hpp"
#include "seqguard/core/progress.hpp"
#include "seqguard/events/dataset.hpp"
#include "seqguard/events/events_view.hpp"
#include "seqguard/events/reader.hpp"
#include "seqguard/events/schema.hpp"
#include "seqguard/sequence_scorer/fit.hpp"
#include "seqguard/sequence_scorer/open_model.hpp"
#include "seqguard/sequence_scorer/sequence_scorer.hpp"
#include "seqguard/sequence_scorer/text_model.hpp"
#include "seqguard/text/tokenizer.hpp"

// What is wrong with the value of a flag, as text; empty: nothing. The name of the flag is put before it.
#pragma once

#include <string>

namespace seqguard::cli {

std::string check_whole_number(const std::string& value);     ///< 0 or more
std::string check_positive_number(const std::string& value);  ///< whole, 1 or more
std::string check_window(const std::string& value);           ///< of EventSchema
std::string check_target_fpr(const std::string& value);       ///< FitOptions::target_fpr
std::string check_max_false_edits(const std::string& value);  ///< RepairOptions::max_false_edits
std::string check_valid_fraction(const std::string& value);   ///< FitOptions::valid_fraction
std::string check_minutes(const std::string& value);          ///< FitOptions::max_minutes
std::string check_share(const std::string& value);            ///< a number from 0 to below 1
std::string check_probability(const std::string& value);      ///< a number from 0 to 1
std::string check_above_zero(const std::string& value);       ///< a number
std::string check_not_negative(const std::string& value);     ///< a number
std::string check_folds(const std::string& value);            ///< whole, 2 or more
std::string check_precision(const std::string& value);
std::string check_isa(const std::string& value);
std::string check_matmul(const std::string& value);

}  // namespace seqguard::cli

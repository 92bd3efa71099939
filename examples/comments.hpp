// A few comments of a shop, and which of them are spam.
#pragma once

#include <string_view>

struct Comment {
  std::string_view text;
  bool spam;
};

inline constexpr Comment k_known[] = {
    {"The jacket fits well and keeps me warm, thank you.", false},
    {"Delivery took two days longer than promised.", false},
    {"Does this lamp come with a bulb?", false},
    {"The colour is darker than in the picture, but I like it.", false},
    {"My order arrived with a scratch, support replaced it quickly.", false},
    {"Good value, the zip feels a little cheap though.", false},
    {"I have worn these shoes every day for a year.", false},
    {"The manual is missing a page about the timer.", false},
    {"Earn $5000 a week from home, click my profile now!!!", true},
    {"FREE followers, visit www.best-followers.example today", true},
    {"Hot singles in your area are waiting, click here", true},
    {"Win a new phone, just send your card number to claim the prize", true},
    {"Cheap pills without prescription, limited offer, order now", true},
    {"I made a fortune with this crypto robot, join via my link", true},
    {"Subscribe to my channel for free gift cards!!!", true},
    {"Loan approved in 5 minutes, no questions, write to us on chat", true},
};

/// Not learned from.
inline constexpr Comment k_new[] = {
    {"The bag is smaller than I expected, still useful for short trips.", false},
    {"Where can I find the size chart for this dress?", false},
    {"Click here to win free money, limited offer!!!", true},
    {"Get rich with our crypto link, join now for a free prize", true},
};

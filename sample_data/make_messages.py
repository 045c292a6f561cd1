"""Make the sample texts: messages to a shop that does not exist, in seven classes.

    python sample_data/make_messages.py

Every sentence was written for this project. The same seed gives the same files, byte for byte.
sample_data/README.md says what the files are.
"""

import csv
import random
import re
from pathlib import Path

FOLDER = Path(__file__).parent / "messages"
SEED = 7
COUNTS = {
    "delivery": 90,
    "return": 70,
    "payment": 65,
    "account": 50,
    "fault": 75,
    "praise": 50,
    "question": 60,
}
CHANNELS = ("mail", "chat", "web form")
TYPOS = 0.12  # share of messages with a slip of the keyboard

WORDS = {
    "thing": "kettle|desk lamp|rain jacket|bread knife|garden chair|bookshelf|wool blanket|"
    "headphones|bike light|backpack|coffee grinder|frying pan|tent|alarm clock|pair of boots|"
    "wall clock|hammock|toaster|yoga mat|thermos flask",
    "part": "handle|lid|switch|hinge|zip|cable|battery|left speaker|strap|display|button|sole|"
    "screw thread|plug|seam",
    "days": "three days|a week|ten days|almost a month|two weeks|five working days|since Monday",
    "town": "Leeds|Graz|Porto|Utrecht|Malmö|Dublin|Gdańsk|Lyon",
    "colour": "green|dark blue|grey|red|black|sand",
    "sum": "14.90|29|59.95|112.40|8.50|240|36.20",
    "way": "credit card|bank transfer|the gift card|my phone|direct debit|invoice",
    "who": "my mother|my son|a colleague|my neighbour|our office|my flat mate",
}

SENTENCES = {
    "delivery": [
        "My {thing} was due {days} ago and there is still no trace of it.",
        "Where is my parcel? The tracking page has said “in transit” for {days}.",
        "The driver left the box at the wrong house, somebody in {town} has my {thing} now.",
        "I waited at home all day and nobody rang. The note says I was not there!",
        "Only one of two parcels has arrived, the {thing} is missing.",
        "Can the courier come after six? I am at work until then.",
        "Please send the {thing} to my new address in {town}, we moved last week.",
        "Your mail promised Tuesday, today is Friday. When does it really come?",
        "According to the courier it was handed over, but neither I nor {who} got anything.",
        "The depot has kept my {thing} for {days} and does not pick up the phone.",
        "It came at last, {days} late, after the party it was meant for.",
        "The carton was wet and torn open at one corner when it got here, and half of it was gone.",
        "Has my order left the warehouse yet? I see no tracking number.",
        "The customs office in {town} holds the parcel and wants papers from you.",
        "My order left you {days} ago, and the van still shows on the map in {town}.",
        "Nobody knows where the second box is, neither you nor the post.",
        "Can you leave it with {who} next door if I am out?",
        "I am on holiday from tomorrow, please hold the parcel back for {days}.",
        "The app says “delivered at 14:10”. I stood at the door at 14:10.",
        "Does it come on a pallet, and who carries it up to the third floor?",
        "I found the {thing} in the rain behind our bins.",
        "You shipped to my old flat in {town} although I changed it in time.",
        "The pick-up point in {town} has closed for good. What happens to my things now?",
        "Express was what I chose, and slow is what I got.",
        "Still waiting. Please tell me at least which firm carries it.",
        "The lorry could not enter our street and drove off again.",
    ],
    "return": [
        "I would like to send the {thing} back, it is smaller than I thought.",
        "Which label do I use for the return? There was none in the box.",
        "The {colour} one does not go with our room. Can I swap it for {colour}?",
        "I sent the {thing} back {days} ago. When do I get my money?",
        "How long may I keep it before I have to decide whether it goes back?",
        "You sent me the {thing} in {colour}, I ordered another colour. Please take it back.",
        "The refund is {sum} short, the postage is missing.",
        "Please collect the {thing}, it is too heavy for me to carry to the post office.",
        "I have changed my mind about the {thing}, it is still in its wrapping.",
        "The post office in {town} did not take the parcel with your code.",
        "Cancel the order please, {who} had bought the same {thing} already.",
        "It was a present and does not fit. Do I need the receipt to exchange it?",
        "I am sending back two of the three, please refund {sum}.",
        "It does not suit me, where shall I post it?",
        "The {thing} is too large for our hall, please take it off my hands.",
        "I have packed it up again, who comes for it?",
        "You credited me with a voucher, but I want the money itself.",
        "Is there a fee if it goes back from {town}?",
        "My fourteen days end tomorrow, does the date on the stamp count?",
        "I opened the wrapping only to look. May it still go back?",
        "The shop in {town} would not swap what I bought online.",
        "Please stop the order for the {thing}, it has not been packed yet.",
        "I got somebody else's {thing}. How does it get to the right person?",
        "You say that the box I sent back was empty. It was not.",
        "I would rather have another size than my money.",
    ],
    "payment": [
        "You took {sum} from my account twice.",
        "The page says that {way} was refused, although there is enough money.",
        "I paid by {way} {days} ago and the order still says “unpaid”.",
        "Please send an invoice with the name of our firm on it, we need it for tax.",
        "The voucher over {sum} is not accepted at the last step.",
        "Why do I pay {sum} for shipping when the shop says it is free above fifty?",
        "I got a reminder for a bill that I settled {days} ago.",
        "Can I pay the {thing} in three parts?",
        "The price went from {sum} to more while it lay in my basket.",
        "There is a charge of {sum} on my statement from you that I do not know.",
        "I cannot change from {way} to {way} after ordering. Why?",
        "The invoice shows the wrong address, our accountant does not accept it.",
        "Your till told me “done”, my bank says nothing left my account.",
        "Do you take {way} from abroad?",
        "I was asked for a deposit of {sum}. What is that?",
        "The discount for students vanished when I pressed “buy”.",
        "Please correct the tax number on our bill.",
        "Why is the sum on the receipt not the one in the shop?",
        "I typed one digit too many, {sum} too much went out to you.",
        "The link to the invoice leads nowhere.",
        "When exactly will the money be drawn?",
        "Our office pays after thirty days, is that all right with you?",
        "The gift card is empty, although I never used it.",
        "A collector wrote to me about {sum}. I owe you nothing!",
    ],
    "account": [
        "I cannot log in, the page says my password is wrong, and it is not.",
        "The mail for a new password never comes, not even in the spam folder.",
        "Please delete my account and everything that you know about me.",
        "How do I change the mail address that I log in with?",
        "Somebody in {town} has logged in with my name. What shall I do?",
        "I have two accounts by mistake, can you put them together?",
        "The code on my phone is always too old when I type it in.",
        "I still get your newsletter although I signed off {days} ago.",
        "My name is spelled wrongly in my profile and I cannot edit it.",
        "After the update the app asks me to sign in every time.",
        "Where do I see my earlier orders? The list is empty.",
        "The page knows my mail address but not me, it says “no such user”.",
        "My phone is gone and with it the app for the codes.",
        "Please change my surname, I got married.",
        "Can {who} use my profile as well, or is that forbidden?",
        "I clicked on the link to confirm, and it was out of date already.",
        "Which data about me do you keep, and for how long?",
        "After five tries I am locked out.",
        "Stop the text messages, mails are enough.",
        "I want another password, but the new one is always “too weak”.",
        "My birthday is wrong in the profile, so I get no points.",
        "Since yesterday the site speaks another language with me and I cannot turn it back.",
        "How do I close it all down for {who}, who has died?",
    ],
    "fault": [
        "The {part} of the {thing} broke off after {days}.",
        "The {thing} does not switch on any more, I tried another socket.",
        "There is a crack in the {thing}, right beside the {part}.",
        "It makes a loud noise as soon as I touch the {part}.",
        "The {part} was missing when I opened the box, so I cannot put the {thing} together.",
        "My {thing} smells of burnt plastic after a few minutes. Is that dangerous?",
        "Water gets in at the {part}, so much for “waterproof”.",
        "The {thing} worked for {days}, now the {part} is loose.",
        "The {colour} paint comes off on my hands.",
        "The {part} gets so hot that one cannot hold it.",
        "Second {thing} in a month, and the same {part} fails again.",
        "It charges all night and is empty after an hour.",
        "One leg of the {thing} is shorter than the others, it wobbles.",
        "Out of the box, plugged in, bang. Now it is dead.",
        "The seam opened the first time that I wore it.",
        "The {part} sticks, one has to pull with both hands.",
        "The screws that came with it do not fit the holes.",
        "Rust on the {part} after one night outside.",
        "It loses about a quarter of an hour a day.",
        "The sound comes from one side only.",
        "The {colour} cloth has faded in the sun within weeks.",
        "Three of the six glasses have chips at the rim.",
        "The {thing} leaks, the whole cupboard is wet.",
        "When I press the {part}, nothing happens for a minute.",
        "The light flickers and goes out by itself.",
    ],
    "praise": [
        "Just a word of thanks: the {thing} is even better than in the pictures.",
        "Ordered in the evening, here the next morning. Wonderful!",
        "Your colleague on the phone was so patient with {who}, please tell her.",
        "I have had the {thing} for years and it still looks new.",
        "The refund was there the same day. That is how a shop should be.",
        "Lovely wrapping, and a card written by hand. You made {who} very happy.",
        "I was not sure about the {colour} one, now I would not give it away.",
        "Best {thing} that I ever owned, I told everybody in {town} about it.",
        "You replaced the {part} without a question. Great service.",
        "No complaint for once: everything was perfect, thank you all.",
        "The new site is so much easier to use, well done.",
        "I only write to say that I am happy.",
        "{thing} bought, {thing} loved. Simple as that.",
        "What a friendly voice on the phone, in the middle of such a week!",
        "My order was wrong through my own fault, and you still put it right.",
        "The quality amazed even {who}, who is hard to please.",
        "Thank you for the sweets in the box, the children were quicker than I.",
        "Such care in the packing, nothing could have broken.",
        "I have been buying from you for ten years and was never let down.",
        "Five stars would be too few.",
        "The {thing} survived our trip through Norway. Hats off!",
        "Honest advice: you told me to take the cheaper one, and it is just right.",
        "Quick, kind, clear. More of that please.",
    ],
    "question": [
        "Does the {thing} come in {colour} as well?",
        "How wide is the {thing} when it is folded?",
        "Is the {part} made of metal or of plastic?",
        "Can the {thing} go into the dishwasher?",
        "Will you have the {thing} again before winter? It is sold out.",
        "Do you have a shop in {town} where I can look at it?",
        "Which {thing} would you choose for a child of six?",
        "How long is the guarantee on the {thing}?",
        "Is there a spare {part} that I can buy?",
        "Does the {thing} fit the older model of the {part}?",
        "Are your blankets and jackets made without animal wool?",
        "What is the difference between the two sizes of the {thing}?",
        "What does the {thing} weigh?",
        "Can one wash the {thing} at sixty degrees?",
        "I read two lengths on your page. Which one is true?",
        "Where are your things made?",
        "Do I need a tool to put the {thing} up?",
        "Would the {thing} work with the sockets in America?",
        "Is the {colour} rather warm or rather cold in daylight?",
        "Do you engrave names as well?",
        "Till when can I order so that it is here for the holidays?",
        "How many people can sit in it?",
        "Is a manual in French available?",
        "May I see the {thing} from below? The pictures do not show it.",
    ],
}
OPENINGS = ["", "", "", "Hello, ", "Hi, ", "Dear team, ", "Good morning. ", "hey, "]
CLOSINGS = [
    *[""] * 4,
    " Thanks.",
    " Please reply soon.",
    " Kind regards",
    " Cheers, Jo",
    " I look forward to your answer.",
    " This is the second time that I write.",
]


def message(kind: str, rng: random.Random) -> str:
    """One message of a class: a sentence or two, perhaps with a greeting and a slip."""
    first, second = rng.sample(SENTENCES[kind], 2)
    text = first + (f" {second}" if rng.random() < 0.2 else "")
    text = re.sub(r"\{(\w+)\}", lambda found: rng.choice(WORDS[found[1]].split("|")), text)
    text = text[0].upper() + text[1:]
    opening = rng.choice(OPENINGS)
    if opening.endswith(", "):
        text = text if re.match(r"I\b", text) else text[0].lower() + text[1:]
    text = opening + text + rng.choice(CLOSINGS)
    return slipped(text, rng) if rng.random() < TYPOS else text


def slipped(text: str, rng: random.Random) -> str:
    """Two neighbouring letters of a word in the wrong order."""
    places = [at for at in range(len(text) - 1) if text[at : at + 2].isalpha()]
    at = rng.choice(places)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def messages() -> list[tuple[str, str]]:
    """(class, text) of all, none twice, in an order that does not give the class away."""
    rng, found = random.Random(SEED), dict[str, str]()
    for kind, count in COUNTS.items():
        wanted = len(found) + count
        while len(found) < wanted:
            found.setdefault(message(kind, rng), kind)
    pairs = [(kind, text) for text, kind in found.items()]
    rng.shuffle(pairs)
    return pairs


def main() -> None:
    """Write the table, its true labels and its classes."""
    FOLDER.mkdir(exist_ok=True)
    rng, pairs = random.Random(SEED + 1), messages()
    with (FOLDER / "messages.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["message", "channel"])
        table.writerows([text, rng.choice(CHANNELS)] for _, text in pairs)
    with (FOLDER / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["path", "label"])
        table.writerows([f"row {row}", kind] for row, (kind, _) in enumerate(pairs, 2))
    (FOLDER / "classes.txt").write_text("\n".join(sorted(COUNTS)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

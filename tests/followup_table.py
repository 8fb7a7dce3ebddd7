"""Invented conversations: what was said, the question that follows, and how it has to be understood.

A row is (turns, question, wanted): turns are alternately the user's and the assistant's. `wanted` is None where the
question stands alone, else words of which each has to stand in the resolved question; "-word" must not stand in it.
"""

TABLE = [
    # A pronoun for the subject of the question before.
    (["Who opened the harbour bridge in Lisbon?", "Ana Duarte did."], "How long is it?", "harbour bridge Lisbon"),
    (["Who opened the harbour bridge in Lisbon?", "Ana Duarte did."], "What did she say?", "Ana Duarte -bridge"),
    (["When was Kestrel Air founded?", "In 1998."], "Where is its head office?", "Kestrel Air"),
    (["How much did the Halvorsen Group pay for Nordlys?", "2 billion kroner."], "Why did they buy it?", "Nordlys"),
    (["Tell me about the vaccine trial in Ghent.", "It tested 400 people."], "Who paid for it?", "vaccine trial Ghent"),
    (["What is Project Heron?", "A plan for a tidal power plant."], "What will it cost?", "Project Heron"),
    (["who came first in the marathon in oslo", "A Kenyan runner."], "how old is she?", "marathon"),
    (["What did Senator Mary Holt propose?", "A tax on jet fuel."], "When was she elected?", "Mary Holt"),
    # The subject is named in the answer alone.
    (["Which film won the Golden Lantern?", "The Quiet Orchard won."], "Who directed it?", "Quiet Orchard"),
    (["Who founded the airline?", "Rosa Klein founded it in 1998."], "How old was she then?", "Rosa Klein"),
    (["Which team won the final?", "Ferrow United beat Gilden 3-1."], "Who coaches them?", "Ferrow United"),
    (
        ["Who is the new central bank governor?", "Tomas Berg took office in May."],
        "What did he do before?",
        "Tomas Berg",
    ),
    (["Is there a telescope in Atacama?", "Yes, the Orellana Array."], "How large is it?", "Orellana Array"),
    (
        ["Which city hosts the summit?", "Tallinn hosts it in June."],
        "How many delegates are expected there?",
        "Tallinn",
    ),
    # Something else in the place of what was asked about.
    (["How many startups are there in Tallinn?", "1,400."], "And in Riga?", "startups Riga -Tallinn"),
    (["What is the population of Bergen?", "290,000."], "What about Trondheim?", "population Trondheim -Bergen"),
    (["Who won the Fenwick Prize in 2021?", "Ida Moss."], "And in 2022?", "Fenwick Prize 2022 -2021"),
    (["Who won the women's race?", "Lena Marsh."], "How about the men's race?", "won men's race -women's"),
    (["Who came second in the slalom?", "Ida Brandt."], "And third place?", "third slalom -second"),
    (["How many goals did Petra Lund score?", "Seven."], "And Maja Holm?", "goals Maja Holm -Lund"),
    (["When does the Arden Museum open?", "In May."], "The same for the Belmont Museum?", "open Belmont Museum"),
    (["What did Kestrel Air pay for fuel in March?", "30 million."], "And in April?", "Kestrel Air fuel April -March"),
    (["Who opened the harbour bridge in Lisbon?", "Ana Duarte."], "What about the price?", "price harbour bridge"),
    # Nothing said but why or when; fragments.
    (["Did Orrin Steel close its plant in Leeds?", "Yes, it did."], "Why?", "Orrin Steel plant Leeds"),
    (["Where did the Meridian probe land?", "In a crater."], "When?", "When did Meridian probe land -Where"),
    (["Did Halden ban diesel cars?", "Yes, from 2027."], "Is it true?", "Halden ban diesel"),
    (["What did the storm in Porto destroy?", "Forty boats."], "How many?", "storm Porto"),
    (["What did the storm in Porto destroy?", "Forty boats."], "And the second one?", "storm Porto"),
    (['Who wrote "The Salt Road"?', "Ines Fabre."], "And how long is the book?", "Salt Road"),
    (["Tell me about the Fjordline ferry.", "It is electric."], "And how many passengers?", "Fjordline ferry"),
    # A noun that points back.
    (["What is Harbour Lights about?", "It is about a smuggler."], "Who directed that show?", "Harbour Lights"),
    (["Which bridge opened in Lisbon?", "The Alcora Bridge."], "How much did the bridge cost?", "Alcora Bridge"),
    (["Who won gold in the javelin?", "Karl Voss."], "Who were the other two?", "javelin"),
    (["What deals did Kestrel Air sign?", "Three with Nordlys."], "When do these deals start?", "Kestrel Air"),
    # Several leaning questions in a row: the topic stays.
    (
        [
            "Who opened the harbour bridge in Lisbon?",
            "Ana Duarte.",
            "How long is it?",
            "420 metres.",
            "Who built it?",
            "",
        ],
        "What did it cost?",
        "harbour bridge -Ana",
    ),
    (
        ["Tell me of Kestrel Air.", "An airline.", "Who leads it?", "Rosa Klein.", "How old is she?", "61."],
        "Where does it fly?",
        "Kestrel Air -Rosa",
    ),
    (
        ["Who leads Kestrel Air?", "Rosa Klein.", "Who led it before?", "Tomas Berg did."],
        "Why did he leave?",
        "Tomas Berg -Rosa",
    ),
    (
        ["How many startups are in Tallinn?", "1,400.", "And in Riga?", "300."],
        "And in Vilnius?",
        "startups Vilnius -Riga -Tallinn",
    ),
    (
        [
            "What is Project Heron?",
            "A power plant.",
            "Who is the mayor of Porto?",
            "Rui Sousa.",
            "When was he elected?",
            "In May.",
        ],
        "How old is he?",
        "Rui Sousa -Heron",
    ),
    # A new topic is not dragged back.
    (["Who opened the harbour bridge in Lisbon?", "Ana Duarte."], "Who is the president of France?", None),
    (["Who opened the harbour bridge in Lisbon?", "Ana Duarte."], "What is the weather today?", None),
    (["Which film won the Golden Lantern?", "The Quiet Orchard."], "How do I bake sourdough bread?", None),
    (["Which film won the Golden Lantern?", "The Quiet Orchard."], "Is it true that Orrin Steel was sold?", None),
    (["When was Kestrel Air founded?", "In 1998."], "How long does it take to build a submarine?", None),
    (["When was Kestrel Air founded?", "In 1998."], "Did Orrin Steel raise its prices?", None),
    (["What is Project Heron?", "A power plant."], "Which companies cut their workforce in Norway?", None),
    (["What is Project Heron?", "A power plant."], "What did Mary Holt say about the tax on jet fuel?", None),
    (["Who won the women's race?", "Lena Marsh."], "Are there any electric ferries in Oslo?", None),
    (["Who won the women's race?", "Lena Marsh."], "What happened in the senate this week?", None),
    (
        ["Tell me about the Fjordline ferry.", "It is electric."],
        "When did Halden close the mine and who owned it?",
        None,
    ),
    (["Tell me about the Fjordline ferry.", "It is electric."], "and who directed The Salt Road?", None),
    (["Did Halden ban diesel cars?", "Yes."], "Who said that prices in Norway rose?", None),
    (["Did Halden ban diesel cars?", "Yes."], "apple harvest losses in Tyrol", None),
    (["Did Halden ban diesel cars?", "Yes."], "What time is it in Tokyo?", None),
    (["Where did the Meridian probe land?", "In a crater."], "What is the price of copper?", None),
    (["Hello!", "Hello. Ask me about the news."], "How long is it?", None),
    (
        ["Who leads Kestrel Air?", "Rosa Klein.", "How old is she?", "61.", "What is the capital of Norway?", "Oslo."],
        "Which harvest did the frost destroy in Tyrol?",
        None,
    ),
    # A new topic two turns ago is what counts.
    (
        ["Who leads Kestrel Air?", "Rosa Klein.", "Where did the Meridian probe land?", "In a crater."],
        "How heavy is it?",
        "Meridian probe -Kestrel",
    ),
    (
        ["What is Harbour Lights about?", "Smugglers.", "Thanks!", "You are welcome."],
        "Who directed it?",
        "Harbour Lights",
    ),
    # Chinese.
    (["《盐路》是谁写的？", "伊内斯·法布尔。"], "它有多少页？", "《盐路》"),
    (["奥斯陆有多少家公司？", "1400家。"], "卑尔根呢？", "公司 卑尔根"),
    (["谁导演了《盐路》？", "李安娜。"], "那《灯塔》呢？", "导演 《灯塔》 -《盐路》"),
    (["《盐路》什么时候上映？", "五月。"], "还有多少集？", "《盐路》"),
    (["《盐路》什么时候上映？", "五月。"], "里斯本大桥有多长？", None),
]

# Written before the rules had seen them.
LATER = [
    (
        ["How many medals did Kenya win in Paris?", "Kenya won 11 medals. [1]"],
        "How many of them were gold?",
        "medals Kenya",
    ),
    (
        ["What happened to the Boeing flight to Lima?", "It made an emergency landing in Quito. [1]"],
        "Was anyone hurt?",
        "Lima",
    ),
    (["When will the Perseverance rover return samples?", "In 2033."], "How will they get back to Earth?", "rover"),
    (["Who won the Nobel Prize in Literature?", "Han Kang won it. [1]"], "What did she write?", "Han Kang"),
    (
        ["Who won the Nobel Prize in Literature?", "Han Kang won it. [1]"],
        "And in Physics?",
        "Nobel Prize Physics -Literature",
    ),
    (
        ["What did Apple announce on Tuesday?", "A new headset called Vision Air. [1] It costs 1,500 dollars. [2]"],
        "When does it go on sale?",
        "Vision Air",
    ),
    (
        [
            "Why is the Amazon drying out?",
            "Deforestation and heat, said Carlos Nobre of the University of São Paulo. [1]",
        ],
        "Who said that?",
        "Amazon",
    ),
    (["Does the EU plan to tax kerosene?", "Yes, from 2028."], "How much would that raise?", "EU"),
    (["What is the new tax on sugar in Colombia?", "10 percent."], "who pays it", "tax on sugar"),
    (["Which party won the election in Ghana?", "The NDC won with 56 percent."], "Who is their leader?", "NDC"),
    (["How tall is the Burj Khalifa?", "828 metres."], "what about the Shanghai Tower", "tall Shanghai Tower -Burj"),
    (["Did the Bank of Japan raise interest rates?", "Yes, to 0.5 percent."], "By how much?", "Bank of Japan"),
    (
        ["Did the Bank of Japan raise interest rates?", "Yes, to 0.5 percent."],
        "and the Bank of England?",
        "raise interest rates Bank of England -Japan",
    ),
    (["What caused the blackout in Chile?", "A failed transmission line."], "How long did it last?", "blackout Chile"),
    (["What caused the blackout in Chile?", "A failed transmission line."], "Tell me more", "blackout Chile"),
    (["Where is the next World Expo?", "In Riyadh."], "When does it start?", "World Expo"),
    (["Who is Greta Almquist?", "A Swedish geologist."], "What did she discover?", "Greta Almquist"),
    (["who is greta almquist", "A Swedish geologist."], "what did she discover", "greta almquist"),
    (["what happened in the sunderland derby", "Newcastle won 2-0. [1]"], "who scored", "sunderland derby"),
    (["Who scored in the derby?", "Isak scored twice. [1]"], "Has he scored before?", "Isak"),
    (["Which company makes the Zephyr drone?", "AeroVironment makes it."], "Where are its factories?", "AeroVironment"),
    (
        ["Who discovered the comet?", "Astronomers at the Lowell Observatory."],
        "Can I see it without a telescope?",
        "comet",
    ),
    (["How many people live in Lagos?", "About 15 million."], "Is that more than Cairo?", "Lagos"),
    (["How many people live in Lagos?", "About 15 million."], "what's the biggest employer there?", "Lagos"),
    (["What did the minister say about pensions?", "That they will rise. [1]"], "When will they rise?", "pensions"),
    (["Who plays the detective in Cold Tide?", "Nora Fiske."], "What other films has she been in?", "Nora Fiske"),
    (["Who plays the detective in Cold Tide?", "Nora Fiske."], "Is the show based on a book?", "Cold Tide"),
    (
        ["Which vaccine was approved?", "The agency approved Maravex on Monday. [1]"],
        "What are the side effects?",
        "Maravex",
    ),
    # topic changes
    (["Which vaccine was approved?", "Maravex. [1]"], "What were the results of the election in Ghana?", None),
    (["Which vaccine was approved?", "Maravex. [1]"], "Who is the tallest man in the world?", None),
    (["Which vaccine was approved?", "Maravex. [1]"], "Why do cats purr?", None),
    (["Who scored in the derby?", "Isak."], "Which bank cut its lending rate?", None),
    (["Who scored in the derby?", "Isak."], "Why did Intel fire its chief executive?", None),
    (["Who scored in the derby?", "Isak."], "What is Tesla doing about its recall?", None),
    (["What caused the blackout in Chile?", "A line."], "Is there a cure for malaria?", None),
    (["What caused the blackout in Chile?", "A line."], "How much money do teachers in Finland earn?", None),
    (["What caused the blackout in Chile?", "A line."], "latest news about the strike at Lufthansa", None),
    (
        ["What caused the blackout in Chile?", "A line."],
        "Did parents in Ohio sue the school that expelled their children?",
        None,
    ),
    (["Where is the next World Expo?", "In Riyadh."], "Which films that premiered in Cannes won prizes?", None),
    (
        ["Where is the next World Expo?", "In Riyadh."],
        "If Volkswagen closes the plant in Emden, what happens to it?",
        None,
    ),
    (["Where is the next World Expo?", "In Riyadh."], "How many articles are there about space?", None),
    (["Where is the next World Expo?", "In Riyadh."], "What is the capital of Mongolia?", None),
    (["How tall is the Burj Khalifa?", "828 metres."], "Who was the first woman in space?", None),
    (["How tall is the Burj Khalifa?", "828 metres."], "What did the pope say on Sunday?", None),
    # chains
    (
        [
            "Who won the Tour of Alps?",
            "Jon Eide won. [1]",
            "How old is he?",
            "24.",
            "Which team does he ride for?",
            "Uno Nord.",
        ],
        "Where does he come from?",
        "Jon Eide",
    ),
    (
        [
            "What is the Lumen telescope?",
            "A telescope in Chile.",
            "How much did it cost?",
            "2 billion.",
            "Why so much?",
            "Its mirror.",
        ],
        "When will it be finished?",
        "Lumen telescope",
    ),
    (
        ["Who runs Nordlys?", "Tomas Berg.", "What is the price of copper?", "9,000 dollars."],
        "Why did it rise?",
        "copper -Nordlys",
    ),
    (["北京有多少个博物馆？", "200个。"], "那上海呢？", "博物馆 上海"),
    (["谁是法国总统？", "马克龙。"], "他多大了？", "法国总统"),
    (["谁是法国总统？", "马克龙。"], "今天天气怎么样？", None),
]

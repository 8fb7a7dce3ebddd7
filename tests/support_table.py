"""Sentences, what they say and what they do not: the tables that the support of free sentences is measured on."""

BENT = {
    "The harbour bridge in Lisbon opened on 4 March 2025 for 310 million euros, and its span is 420 metres long.": [
        "The harbour bridge in Lisbon opened on 5 March 2025.",
        "The bridge cost 420 million euros.",
        "Its span is 310 metres long.",
        "The bridge opened for 420 million euros.",
        "The harbour bridge in Lisbon never opened.",
        "The bridge may have opened.",
        "The bridge in Lisbon is 420 metres long.",
        "All bridges in Lisbon opened.",
        "The harbour bridge in Lisbon opened before 4 March 2025.",
        "The harbour bridge opened for more than 310 million euros.",
        "The bridge opened for $310 million.",
        '"Its span is long."',
    ],
    "It cost 310 million euros, said mayor Ana Duarte.": [
        "It cost 310 million euros, said Paulo Reis.",
        "Mayor Ana Duarte cost 310 million euros.",
    ],
    "A late frost destroyed half of the apple harvest in Tyrol, the growers' union said.": [
        "A late frost destroyed the apple harvest in Tyrol.",
        "A late frost destroyed the growers' union.",
        "The growers' union destroyed half of the apple harvest.",
        "The apple harvest in Tyrol destroyed a late frost.",
        'The union said "a late frost destroyed everything".',
    ],
    "Prices rose by 18 percent in Tyrol and 12 percent in Bavaria.": [
        "Prices rose by 12 percent in Tyrol.",
        "Prices rose by 18 percent in Bavaria.",
        "In Tyrol, prices rose 12 percent.",
        "Prices rose to 18 percent in Tyrol.",
    ],
    "Ana Duarte opened the bridge and Paulo Reis closed the port.": [
        "Ana Duarte closed the port.",
        "Paulo Reis opened the bridge.",
        "Ana Duarte opened the port.",
        "Ana Reis closed the port.",
        "Paulo Duarte closed the port.",
    ],
    "The father of Ana Duarte died on Monday.": [
        "Ana Duarte died on Monday.",
        "The father died of Ana.",
    ],
    "The mayor's wife was arrested in Porto.": [
        "The mayor was arrested in Porto.",
        "The mayor's arrested wife.",
    ],
    "Officials denied that the dam had burst.": [
        "The dam had burst.",
        "Officials had burst the dam.",
    ],
    "About 12,000 people used them every day.": [
        "12,000 people used them every day.",
        "More than 12,000 people used them every day.",
    ],
    "The bridge operator went bankrupt in May.": [
        "The bridge went bankrupt in May.",
    ],
    "The union asked the state for 25 million euros.": [
        "The state asked the union for 25 million euros.",
        "The union asked the state for 25 billion euros.",
    ],
    "Porto beat Lisbon 3-1 in the final.": [
        "Lisbon beat Porto 3-1.",
        "Porto beat Lisbon 1-3.",
    ],
    "The bridge, which has a span of 420 metres, finally cost 310 million euros.": [
        "The bridge has a span of 310 metres.",
        "The bridge, which has a span of 310 million euros.",
    ],
    "It is the largest bridge in Portugal.": [
        "It is the largest bridge.",
        "It is largest in Portugal.",
    ],
    "The film, directed by Mei Lin, will open in more than 300 cinemas.": [
        "The film opened in 300 cinemas.",
        "The film will open in 300 cinemas.",
        "Mei Lin will open in more than 300 cinemas.",
        "Directed by Mei Lin, cinemas will open.",
    ],
    "The mayor of Lisbon, who opened the bridge, resigned.": [
        "The mayor opened the bridge.",
        "Lisbon resigned.",
        "The bridge resigned.",
    ],
    "The union demanded action and asked the state for 25 million euros.": [
        "The state asked for 25 million euros.",
        "The union demanded 25 million euros.",
    ],
    "Some trains in Tyrol stopped at noon.": [
        "Trains in Tyrol stopped.",
        "All trains stopped.",
    ],
    "Trains run only on Sundays.": [
        "Trains run.",
        "Trains run on Sundays.",
    ],
    "Police shot the man who stole a car.": [
        "Police stole a car.",
        "Police shot a car.",
        "Police shot.",
    ],
    "The company fired the workers.": [
        "The company fired.",
    ],
    "The deputy mayor resigned on Monday.": [
        "The mayor resigned.",
    ],
    "Ana met Paulo, who hit Maria.": [
        "Ana hit Maria.",
        "Ana met Maria.",
    ],
    "If the dam bursts, thousands will die.": [
        "The dam bursts.",
        "Thousands will die.",
        "Thousands die.",
    ],
    "The dam had burst, rumours claimed.": [
        "The dam had burst.",
    ],
    "The minister, not the mayor, signed the treaty.": [
        "The mayor signed the treaty.",
        "The minister signed the treaty not the mayor's.",
    ],
    "The mayor will close the port in June.": [
        "The mayor closed the port.",
        "The mayor close the port.",
    ],
    "Sales fell from 12 million to 8 million euros.": [
        "Sales fell to 12 million.",
        "Sales fell from 8 million.",
        "Sales fell 8 million.",
    ],
    "A and B cost 310 and 420 million euros respectively.": [
        "A cost 420 million euros.",
        "B cost 310 million euros.",
    ],
    "The union of teachers, led by activist Paulo Reis, asked the state for help.": [
        "Paulo Reis asked the state for help.",
        "Activist Paulo Reis asked the state for help.",
        "Teachers asked the state for help.",
    ],
    "The critics of the mayor resigned.": [
        "The mayor resigned.",
    ],
    "Between 10 and 12 people died.": [
        "12 people died.",
        "10 people died.",
        "10 and 12 people died.",
    ],
    "The series has 24 episodes and 12 million viewers.": [
        "The series has 12 million viewers and 24 episodes.",
        "The series has 24 million viewers.",
        "The series has 12 million episodes.",
    ],
    "At least 40 people were hurt, including 12 children.": [
        "40 people were hurt.",
        "12 children were hurt.",
        "At least 12 children were hurt.",
        "At least 40 children were hurt.",
    ],
    "The army was destroyed by frost.": [
        "The army destroyed frost.",
        "The army destroyed.",
        "The frost was destroyed.",
    ],
    "The bank refused to pay Ana Duarte.": [
        "The bank pay Ana Duarte.",
        "Ana Duarte refused to pay.",
    ],
    "He said he had not seen Ana, and Paulo left.": [
        "He had seen Ana.",
        "He said Paulo left.",
        "Ana left.",
        "He said he had seen Ana.",
    ],
    "China's box office grew by 12 percent, while that of Japan fell by 8 percent.": [
        "China's box office fell by 8 percent.",
        "Japan grew by 12 percent.",
        "Japan's box office grew by 12 percent.",
    ],
    "The court cleared Ana Duarte of murder.": [
        "The court cleared murder.",
        "Ana Duarte cleared the court of murder.",
    ],
    "Duarte beat Reis and Silva.": [
        "Duarte beat Silva and Reis, Lisbon.",
        "Reis beat Duarte.",
        "Reis and Silva beat.",
    ],
    "Police said the man stole a car and shot a guard.": [
        "Police stole a car.",
        "The police shot a guard.",
    ],
    "Brown bears attacked May Lee in March.": [
        "Brown attacked May Lee in March.",
        "Bears attacked Lee May in March.",
        "Lee may march.",
    ],
    "Nobody died, and the bridge opened.": [
        "The bridge opened nobody.",
    ],
    "The plan to build a bridge in Lisbon was dropped.": [
        "A bridge in Lisbon was dropped.",
        "The bridge in Lisbon was built.",
    ],
    "It is false that Ana Duarte took bribes.": [
        "Ana Duarte took bribes.",
    ],
    "Ana Duarte, accused of fraud by Paulo Reis, won the vote.": [
        "Paulo Reis won the vote.",
        "Ana Duarte accused Paulo Reis of fraud.",
    ],
    "The show won three of five awards.": [
        "The show won five awards.",
    ],
    "Duarte, 52, is mayor.": [
        "Duarte is 53.",
    ],
    "The film earned $3.5bn worldwide, up from $3.1bn.": [
        "The film earned $3.1bn.",
        "The film earned $3.5bn, up from $3.5bn.",
    ],
    "The teacher told Ana that Paulo had lied.": [
        "Ana had lied.",
        "The teacher had lied.",
        "Ana told the teacher that Paulo had lied.",
    ],
    "The number of deaths rose to 300.": [
        "Deaths rose to 301.",
        "300 deaths rose.",
    ],
    "Ana Duarte stopped Paulo Reis from killing Maria.": [
        "Ana Duarte from killing Maria.",
        "Ana Duarte killing Maria.",
        "Paulo Reis from killing Maria.",
    ],
    "Ana, unlike Paulo, paid.": [
        "Ana, like Paulo, paid.",
        "Paulo paid.",
    ],
    "Paulo Reis told Ana Duarte he stole cars.": [
        "Ana Duarte stole cars.",
        "Ana Duarte told Paulo Reis he stole cars.",
    ],
    "The bill passed by 51 votes to 49.": [
        "The bill passed by 49 votes to 51.",
    ],
    "Half the trains stopped.": [
        "The trains stopped.",
    ],
    "The mayor denied rumours, and said the port would close.": [
        "The port would close.",
        "The mayor denied the port would close.",
    ],
    "The state gave the union 25 million euros.": [
        "The state gave 25 million euros.",
    ],
    "She is the first woman to lead the club.": [
        "She is the first woman.",
    ],
    "The trial of the man who killed Ana began.": [
        "The man who killed Ana began.",
        "Ana began.",
    ],
    "The bank lent Ana the money.": [
        "The bank lent the money.",
        "Ana lent the bank the money.",
    ],
    "The 52-year-old mayor of Lisbon opened the bridge at 14:30.": [
        "The mayor opened Lisbon.",
        "The mayor opened the bridge at 14:31.",
    ],
    "The owner of the bridge companies died.": [
        "The owner companies died.",
        "The companies died.",
        "The bridge companies died.",
    ],
    "The senator from Ohio, whose brother owns the mine, voted against the bill on Thursday.": [
        "The brother owns the bill.",
        "The senator owns the mine.",
        "The senator voted on Thursday.",
        "The senator voted for the bill.",
        "Ohio voted against the bill.",
        "The brother voted against the bill.",
    ],
    "Three of the five divers were rescued; two remain missing.": [
        "Five divers were rescued.",
        "Three divers remain missing.",
        "The five divers were rescued.",
        "Two were rescued.",
    ],
    "Kenya's Ruth Achieng won the marathon ahead of Ethiopia's Sara Tola, who had led until the last kilometre.": [
        "Sara Tola won the marathon.",
        "Ruth Achieng had led until the last kilometre.",
        "Kenya won the marathon.",
        "Ethiopia's Ruth Achieng won the marathon.",
        "Ruth Achieng won the marathon ahead of Ethiopia.",
    ],
    "The ministry said it had no evidence that the vaccine caused the deaths.": [
        "The vaccine caused the deaths.",
        "The ministry said the vaccine caused the deaths.",
        "The ministry said it had evidence.",
        "The ministry said it had evidence that the vaccine caused the deaths.",
    ],
    "Wheat exports fell 9 percent to 4.1 million tonnes while barley exports rose 3 percent.": [
        "Barley exports fell 9 percent.",
        "Wheat exports rose 3 percent.",
        "Exports fell 3 percent.",
        "Wheat exports fell to 3 percent.",
    ],
    "After the flood, the mayor of Verdun asked the army to help, but the general declined.": [
        "The general asked the army to help.",
        "The mayor declined.",
        "The mayor of Verdun asked the army but declined.",
        "The army asked the mayor to help.",
        "The flood declined.",
    ],
    "Up to 200 jobs could be lost if the factory moves to Poland.": [
        "200 jobs could be lost.",
        "200 jobs were lost.",
        "The factory moves to Poland.",
    ],
    "Nearly all residents of the village survived the landslide.": [
        "All residents of the village survived the landslide.",
        "Residents survived the landslide.",
    ],
    "The film about Marie Curie opens in cinemas on 3 May, two weeks later than planned.": [
        "Marie Curie opens in cinemas on 3 May.",
        "The film opens two weeks later.",
        "The film opens in cinemas on 3 June.",
        "The film about cinemas opens on 3 May.",
    ],
    "Ali Hassan, who is accused of killing Omar Said, has denied the charge.": [
        "Ali Hassan killed Omar Said.",
        "Omar Said has denied the charge.",
        "Ali Hassan has denied killing Omar Said.",
        "Ali Hassan was killed by Omar Said.",
        "Ali Hassan denied Omar Said.",
    ],
    "Unlike her rival, Meyer supports the tax.": [
        "Her rival supports the tax.",
        "The rival Meyer supports the tax.",
        "Meyer supports her rival.",
    ],
    "The dam was built in 1962 and repaired in 1998.": [
        "The dam was built in 1998.",
        "The dam was repaired in 1962.",
        "The dam repaired in 1998.",
    ],
    "It is not clear who set the fire.": [
        "It is clear who set the fire.",
        "Who set the fire.",
        "It set the fire.",
    ],
    "The former prime minister's son was elected mayor of Turin.": [
        "The prime minister's son was elected mayor of Turin.",
        "The former prime minister was elected mayor of Turin.",
        "The minister was elected mayor.",
        "The former prime minister's son was mayor of Turin.",
    ],
    "The bank lost 40 million dollars in the first quarter and earned 55 million in the second.": [
        "The bank lost 55 million dollars.",
        "The bank earned 40 million dollars.",
        "The bank lost 40 million dollars in the second.",
        "The bank earned 55 million in the first quarter.",
        "The bank lost 55 million in the second.",
    ],
    "Only members of the club may vote.": [
        "Members of the club may vote.",
        "The club may vote.",
    ],
    "She was born in Lyon to a Polish father and a Spanish mother.": [
        "She was born to a Spanish father.",
        "She was born in Lyon to a Polish mother.",
        "She was a Polish mother.",
        "She was born in Lyon to a mother.",
    ],
    "The court found that the company had not polluted the river.": [
        "The company had polluted the river.",
        "The court found the company.",
        "The court had polluted the river.",
        "The river had not polluted.",
    ],
    "Rescuers pulled a boy from the rubble hours after his sister was found dead.": [
        "A boy was found dead.",
        "His sister was pulled from the rubble.",
        "Rescuers pulled his sister from the rubble.",
        "The boy was dead.",
    ],
    "Smith replaced Jones as chairman in 2019.": [
        "Jones replaced Smith as chairman.",
        "Smith was replaced by Jones.",
        "Jones was chairman in 2019.",
        "Smith replaced Jones in 2018.",
    ],
    "The law bans smoking in parks but not on beaches.": [
        "The law bans smoking on beaches.",
        "The law bans parks.",
        "The law bans smoking in parks and on beaches.",
    ],
    "Tokyo shares rose 1.5 percent, and the yen weakened to 151 per dollar.": [
        "The yen rose 1.5 percent.",
        "Tokyo shares weakened to 151.",
        "Tokyo shares rose to 151.",
    ],
    "Lawmakers in Warsaw rejected a plan to raise the retirement age from 65 to 67.": [
        "Lawmakers in Warsaw raised the retirement age.",
        "Lawmakers rejected Warsaw.",
        "A plan to raise the retirement age.",
        "Lawmakers raise the retirement age from 65 to 67.",
        "The retirement age is 67.",
        "Lawmakers rejected a plan to raise the retirement age from 67.",
    ],
    "A lorry hit a school bus near Graz, injuring nine children and the driver of the lorry.": [
        "A school bus hit a lorry near Graz.",
        "A lorry injured nine children.",
        "Nine children and a driver were killed.",
        "Nine drivers were injured.",
        "A lorry hit nine children.",
        "The driver of the bus was injured.",
        "A school bus near Graz injured nine children.",
    ],
    "Novak, who lost the final last year, beat Ruiz in straight sets to win his first title.": [
        "Novak lost the final to Ruiz.",
        "Ruiz beat Novak in straight sets.",
        "Novak won his first title last year.",
        "Ruiz lost the final last year.",
        "Novak beat Ruiz in the final last year.",
        "Ruiz won his first title.",
    ],
    "The airline will cut 500 jobs in Spain but add 300 in Portugal.": [
        "The airline will cut 300 jobs in Portugal.",
        "The airline will add 500 in Portugal.",
        "The airline cut 500 jobs in Spain.",
        "The airline will cut 500 jobs in Portugal.",
        "The airline will add jobs in Spain.",
    ],
    "Researchers believe the bones belong to a bear rather than a wolf.": [
        "The bones belong to a bear.",
        "The bones belong to a wolf.",
        "Researchers believe the bones belong to a wolf.",
        "Researchers belong to a bear.",
    ],
    "The painting, once thought to be by Rubens, was sold for £2.4m in London.": [
        "The painting is by Rubens.",
        "Rubens was sold for £2.4m in London.",
        "Rubens sold the painting in London.",
        "The painting was sold for $2.4m.",
        "The painting was sold by Rubens.",
        "The painting was bought for £2.4m.",
    ],
    "Hungary, along with Slovakia, blocked the sanctions proposed by Estonia.": [
        "Estonia blocked the sanctions.",
        "Slovakia proposed the sanctions.",
        "Hungary blocked Slovakia.",
        "Hungary blocked Estonia.",
        "Estonia, along with Slovakia, blocked the sanctions.",
    ],
    "No evidence was found that Lind knew of the fraud.": [
        "Lind knew of the fraud.",
        "Evidence was found.",
        "Evidence was found that Lind knew of the fraud.",
    ],
    "Petrol prices are expected to fall in July and rise again in autumn.": [
        "Petrol prices fall in July.",
        "Petrol prices are expected to rise in July.",
        "Petrol prices rise again in autumn.",
        "Petrol prices are expected to fall in autumn.",
    ],
    "The company's founder, Jan Vos, sold his shares two days before it filed for bankruptcy.": [
        "Jan Vos filed for bankruptcy.",
        "The company sold his shares.",
        "The company's founder filed for bankruptcy.",
        "Jan Vos sold the company.",
        "The company sold Jan Vos.",
    ],
    "Police in Leeds say a man stabbed his neighbour before calling an ambulance.": [
        "Police in Leeds stabbed a man.",
        "Police stabbed his neighbour.",
        "His neighbour stabbed a man.",
        "A man stabbed an ambulance.",
        "Police in Leeds stabbed his neighbour before calling an ambulance.",
    ],
    "More women than men applied for the course for the first time since 1990.": [
        "Women and men applied for the course.",
        "More men applied for the course.",
        "More men than women applied for the course.",
        "Women applied for the first time since 1990.",
        "More women applied for the course since 1990.",
    ],
    "Greenpeace accused the ministry of hiding data on nitrates.": [
        "The ministry accused Greenpeace of hiding data.",
        "Greenpeace was hiding data on nitrates.",
        "The ministry was hiding data.",
        "Greenpeace hiding data on nitrates.",
        "Data accused the ministry.",
    ],
    "Almost two thirds of voters opposed the merger.": [
        "Two thirds of voters opposed the merger.",
        "Almost two voters opposed the merger.",
        "Two thirds opposed the merger.",
    ],
    "Mr Okafor's lawyer said his client would appeal.": [
        "Mr Okafor said his client would appeal.",
        "Mr Okafor would appeal.",
        "His lawyer would appeal.",
        "His client would appeal to Mr Okafor.",
    ],
    "The minister who had opposed the dam resigned on Friday, and engineer Ines Prado took over.": [
        "Ines Prado resigned on Friday.",
        "Ines Prado had opposed the dam.",
        "The dam resigned on Friday.",
        "The minister took over.",
        "The minister resigned on Friday and took over.",
        "Engineer Ines Prado resigned.",
    ],
    "Parliament voted 210 to 154 to lift the immunity of Karel Horak, whom prosecutors suspect of taking bribes.": [
        "Parliament voted 154 to 210.",
        "Karel Horak took bribes.",
        "Prosecutors took bribes.",
        "Parliament lifted the immunity of prosecutors.",
        "Karel Horak voted to lift the immunity.",
        "Deputy Karel Horak lifted the immunity.",
    ],
    "The Danube rose to 7.1 metres in Passau, its highest since 2013, but stayed below the flood walls in Linz.": [
        "The Danube rose to 7.1 metres in Linz.",
        "The Danube stayed below 7.1 metres.",
        "The Danube rose above the flood walls in Linz.",
        "The Danube rose to its highest in Linz.",
        "The Danube stayed below the flood walls in Passau.",
        "The Danube rose to 7.1 metres since 2013.",
    ],
    "Singer Mira Toth cancelled her concert in Brno after doctors told her to rest, her agent Pavel Dusek said.": [
        "Pavel Dusek cancelled her concert.",
        "Doctors cancelled her concert in Brno.",
        "Mira Toth told doctors to rest.",
        "Pavel Dusek told her to rest.",
        "Mira Toth's agent cancelled.",
        "Mira Toth said Pavel Dusek cancelled her concert.",
        "Doctors said Mira Toth cancelled her concert.",
    ],
    "Only two of the seven wells in the district still give water.": [
        "Two wells in the district still give water.",
        "The seven wells still give water.",
        "Only two wells still give water.",
        "Seven wells in the district give water.",
        "Two of the seven wells give water.",
        "The wells in the district still give water.",
    ],
    "The study of 4,000 nurses found no link between night shifts and cancer.": [
        "The study found a link between night shifts and cancer.",
        "Night shifts and cancer.",
        "4,000 nurses found no link.",
        "The study of 4,000 nurses found cancer.",
        "The study of nurses found a link.",
        "Nurses found no link between night shifts and cancer.",
    ],
    "Inspectors closed the restaurant in March, and its owner, Li Wei, was fined 20,000 euros in June.": [
        "Li Wei closed the restaurant in March.",
        "Inspectors were fined 20,000 euros.",
        "Li Wei was fined 20,000 euros in March.",
        "Inspectors closed the restaurant in June.",
        "Inspectors fined Li Wei 20,000 euros in March.",
        "The restaurant was fined 20,000 euros.",
        "Its owner closed the restaurant.",
    ],
    "The mother of the missing boy thanked volunteers who had searched the forest for three nights.": [
        "The missing boy thanked volunteers.",
        "The mother had searched the forest.",
        "Volunteers thanked the mother.",
        "The missing boy had searched the forest for three nights.",
        "The mother searched the forest for three nights.",
        "The mother of volunteers thanked the boy.",
    ],
    "Less than a fifth of the 900 homes have been rebuilt.": [
        "A fifth of the 900 homes have been rebuilt.",
        "The 900 homes have been rebuilt.",
        "900 homes have been rebuilt.",
        "Homes have been rebuilt.",
        "Less than 900 homes have been rebuilt.",
    ],
    "Spain's Garcia finished second behind Italy's Rossi and ahead of Weber of Austria.": [
        "Garcia finished ahead of Rossi.",
        "Rossi finished second.",
        "Weber finished second.",
        "Garcia of Austria finished second.",
        "Italy's Garcia finished second.",
        "Rossi finished ahead of Weber.",
        "Garcia finished second behind Weber.",
    ],
    "The ministry is considering whether to ban the pesticide.": [
        "The ministry is to ban the pesticide.",
        "The ministry ban the pesticide.",
        "The ministry is considering the pesticide.",
        "The pesticide is considering.",
    ],
    "Ivanova said she would sue the newspaper unless it apologised.": [
        "Ivanova would sue the newspaper.",
        "Ivanova said she would sue the newspaper.",
        "The newspaper apologised.",
        "Ivanova sued the newspaper.",
        "She would sue.",
    ],
    "The airport reopened at 6 a.m. on Sunday, nine hours after a drone was seen near its northern runway.": [
        "The airport reopened at 9 a.m. on Sunday.",
        "The airport reopened near its northern runway.",
        "A drone was seen at 6 a.m. on Sunday.",
        "The airport reopened nine hours.",
        "A drone reopened the airport.",
        "The airport was seen near its northern runway.",
    ],
    "Coffee, which costs 3 euros at the station, is free in the lounge.": [
        "Coffee is free at the station.",
        "Coffee costs 3 euros in the lounge.",
        "Coffee is 3 euros.",
        "The station is free.",
        "The lounge is free.",
    ],
    "The judge who convicted Bauer in 2010 resigned last week.": [
        "Bauer resigned last week.",
        "The judge resigned in 2010.",
        "Bauer convicted the judge.",
        "The judge convicted Bauer last week.",
        "The judge was convicted in 2010.",
    ],
    "Germany exports more cars to China than France does, the industry group says.": [
        "France exports more cars to China.",
        "France exports more cars to China than Germany.",
        "Germany exports cars to France.",
        "Germany exports more cars than China.",
        "China exports more cars.",
    ],
    "Everyone but the pilot survived the crash near Lake Baikal.": [
        "Everyone survived the crash near Lake Baikal.",
        "The pilot survived the crash.",
        "Everyone survived the crash.",
        "The pilot survived.",
    ],
    "Chef Omar Haddad, his wife Leila and their two sons opened a bakery in Lyon in 2018.": [
        "Leila opened a bakery with two sons.",
        "Omar Haddad opened two bakeries in Lyon.",
        "Their wife opened a bakery.",
        "Omar Haddad's two sons opened a bakery in 2019.",
        "Leila Haddad opened a bakery.",
    ],
    "The council wants the owner to repair the roof before winter.": [
        "The owner repair the roof before winter.",
        "The council repair the roof.",
        "The owner wants to repair the roof.",
        "The council wants the roof.",
        "The owner wants the council to repair the roof.",
        "The council wants to repair the roof before winter.",
    ],
    "Lena Vogt missed the final because of a knee injury, and Tara Singh took her place.": [
        "Tara Singh missed the final.",
        "Lena Vogt took her place.",
        "Tara Singh missed the final because of a knee injury.",
        "Lena Vogt missed a knee injury.",
        "Lena Vogt, Tara Singh missed the final.",
    ],
    "The museum bans visitors from taking photographs of the mummy.": [
        "Visitors taking photographs of the mummy.",
        "The museum bans visitors.",
        "The museum bans the mummy.",
        "The mummy bans visitors.",
        "Visitors from the museum taking photographs.",
    ],
    "Between 2015 and 2020 the herd grew from 90 to 240 animals.": [
        "The herd grew from 240 animals.",
        "The herd grew to 90 animals.",
        "In 2020 the herd grew to 90.",
        "Between 2015 and 2020 the herd grew to 90 animals.",
        "From 2020 the herd grew.",
        "The herd grew from 2015 animals.",
    ],
    "Volunteers from Chile helped Peru's firefighters put out a blaze started by tourists.": [
        "Volunteers from Chile started a blaze.",
        "Peru's firefighters started a blaze.",
        "Firefighters helped volunteers from Chile.",
        "Chile's firefighters put out a blaze.",
        "Tourists put out a blaze.",
        "A blaze helped Peru's firefighters.",
    ],
    "The minister was wrong to say that exports had doubled.": [
        "Exports had doubled.",
        "The minister was wrong to say exports.",
        "The minister say that exports had doubled.",
        "The minister was to say that exports had doubled.",
    ],
    "Twice as many women as men die of the disease.": [
        "Women die of the disease twice.",
        "Twice as many men die of the disease.",
        "Many women die of the disease.",
        "Twice as many men as women die of the disease.",
        "Many men die of the disease.",
    ],
    "The tower, built by Eva Lund and paid for by the city of Malmo, leans 2 degrees to the east.": [
        "The tower was paid for by Eva Lund.",
        "Eva Lund leans 2 degrees to the east.",
        "The city of Malmo leans 2 degrees.",
        "The tower leans 2 degrees to the city of Malmo.",
        "The tower was built by the city of Malmo.",
        "Eva Lund paid for the city of Malmo.",
    ],
    "Shares in Nordbank jumped 7 percent after it said profits would not fall as far as feared.": [
        "Profits jumped 7 percent.",
        "Shares in Nordbank fall 7 percent.",
        "Profits would fall.",
        "Shares in Nordbank jumped as far as feared.",
        "It said profits would fall.",
        "Profits jumped after it said profits would not fall.",
    ],
    "Ruiz, the brother of the president, denies that he sold arms to the rebels.": [
        "Ruiz sold arms to the rebels.",
        "The president denies that he sold arms.",
        "The president sold arms to the rebels.",
        "Ruiz, the president, denies that he sold arms.",
        "The brother of the president sold arms.",
        "He sold arms to the rebels.",
    ],
    "At 81, Anna Berg is older than every other member of the team except the coach.": [
        "Anna Berg is older than every other member of the team.",
        "Anna Berg is older than the coach.",
        "The coach is 81.",
        "Anna Berg is older than every member.",
    ],
    "This year the festival drew 40,000 visitors, half as many as last year.": [
        "The festival drew 40,000 visitors last year.",
        "Last year the festival drew 40,000 visitors.",
        "The festival drew half.",
        "The festival drew 40,000 visitors, as many as last year.",
    ],
    "A ship carrying grain from Ukraine to Egypt ran aground off Turkey.": [
        "A ship ran aground off Egypt.",
        "A ship carrying grain from Egypt ran aground.",
        "A ship from Ukraine to Turkey ran aground.",
        "Grain ran aground off Turkey.",
        "Ukraine ran aground off Turkey.",
        "A ship carrying grain to Ukraine ran aground.",
    ],
    "The bridge was to open in May, but the opening was put off until autumn.": [
        "The bridge opened in May.",
        "The bridge was open in May.",
        "The bridge was put off.",
        "The opening was in May.",
        "The bridge was to open in autumn.",
    ],
    "He was cleared of fraud but convicted of tax evasion in 2015.": [
        "He was convicted of fraud.",
        "He was cleared of tax evasion.",
        "He was convicted of fraud in 2015.",
        "He was cleared in 2015.",
    ],
    "国家队以2比1战胜了韩国队,李明打进两球。": [
        "韩国队战胜了国家队",
        "韩国队打进两球",
        "李明战胜了韩国队",
        "国家队以1比2战胜了韩国队",
    ],
    "The city plans 300 new flats, of which 40 will be for students.": [
        "The city plans 40 new flats.",
        "300 new flats will be for students.",
        "The city plans 300 flats for students.",
        "40 new flats.",
        "The city plans 300 students.",
    ],
    "Neither the club nor Petrov commented on the report that he had been sold.": [
        "Petrov commented on the report.",
        "The club commented.",
        "He had been sold.",
        "Petrov had been sold.",
    ],
    "Sudan's army says it has retaken the airport from rebels.": [
        "It has retaken the airport from Sudan's army.",
        "Rebels retaken the airport.",
        "Rebels says it has retaken the airport.",
        "Sudan retaken the airport.",
    ],
}
"""Each source sentence with sentences that it does not say, made of its own words."""

SPARED = {
    "The harbour bridge in Lisbon opened on 4 March 2025 for 310 million euros, and its span is 420 metres long.": [
        "The harbour bridge in Lisbon opened on March 4, 2025.",
        "The bridge in Lisbon opened for €310 million.",
        "The bridge opened on 4 March 2025.",
        "On 4 March 2025, the harbour bridge in Lisbon opened.",
        "Its span is 420 metres long.",
        "The harbor bridge opened for 310m euros.",
        "The harbour bridge in Lisbon opened in 2025.",
    ],
    "It cost 310 million euros, said mayor Ana Duarte.": [
        "It cost 310 million euros.",
        "Mayor Ana Duarte said it cost €310 million.",
        "According to mayor Ana Duarte, it cost 310 million euros.",
        "It cost 310 million euros, according to Ana Duarte.",
    ],
    "A late frost destroyed half of the apple harvest in Tyrol, the growers' union said.": [
        "A late frost destroyed half of the apple harvest in Tyrol.",
        "Frost destroyed half of the apple harvest.",
        "The growers' union said a late frost destroyed half of the apple harvest.",
        "In Tyrol, a late frost destroyed half of the apple harvest.",
    ],
    "Prices rose by 18 percent in Tyrol and 12 percent in Bavaria.": [
        "Prices rose by 18 percent in Tyrol.",
        "Prices rose by 18%.",
        "Prices rose 12 percent in Bavaria.",
    ],
    "Ana Duarte opened the bridge and Paulo Reis closed the port.": [
        "Ana Duarte opened the bridge.",
        "Paulo Reis closed the port.",
    ],
    "The father of Ana Duarte died on Monday.": [
        "The father of Ana Duarte died.",
    ],
    "The mayor's wife was arrested in Porto.": [
        "The mayor's wife was arrested.",
    ],
    "Officials denied that the dam had burst.": [
        "Officials denied that the dam had burst.",
    ],
    "About 12,000 people used them every day.": [
        "Around 12,000 people used them every day.",
        "Roughly twelve thousand people used them every day.",
    ],
    "The union asked the state for 25 million euros.": [
        "The union asked for 25 million euros.",
        "The union asked the state for €25m.",
    ],
    "Porto beat Lisbon 3-1 in the final.": [
        "Porto beat Lisbon.",
    ],
    "The union demanded action and asked the state for 25 million euros.": [
        "The union asked the state for 25 million euros.",
    ],
    "The bridge, which has a span of 420 metres, finally cost 310 million euros.": [
        "The bridge cost 310 million euros.",
        "The bridge has a span of 420 metres.",
    ],
    "It is the largest bridge in Portugal.": [
        "It is the largest bridge in Portugal.",
    ],
    "The film, directed by Mei Lin, will open in more than 300 cinemas.": [
        "The film will open in over 300 cinemas.",
        "The film, directed by Mei Lin, will open in more than 300 cinemas.",
    ],
    "The mayor of Lisbon, who opened the bridge, resigned.": [
        "The mayor of Lisbon resigned.",
    ],
    "The bridge operator went bankrupt in May.": [
        "The bridge operator went bankrupt.",
        "In May, the bridge operator went bankrupt.",
    ],
    "Some trains in Tyrol stopped at noon.": [
        "Some trains stopped.",
    ],
    "The deputy mayor resigned on Monday.": [
        "The deputy mayor resigned.",
    ],
    "The mayor will close the port in June.": [
        "In June, the mayor will close the port.",
    ],
    "Sales fell from 12 million to 8 million euros.": [
        "Sales fell to 8 million euros.",
    ],
    "At least 40 people were hurt, including 12 children.": [
        "At least 40 people were hurt.",
    ],
    "China's box office grew by 12 percent, while that of Japan fell by 8 percent.": [
        "China's box office grew by 12%.",
    ],
    "The court cleared Ana Duarte of murder.": [
        "The court cleared Ana Duarte of murder.",
    ],
    "Police said the man stole a car and shot a guard.": [
        "Police said the man stole a car.",
    ],
    "The film earned $3.5bn worldwide, up from $3.1bn.": [
        "The film earned $3.5 billion worldwide.",
        "The film earned $3.5bn.",
    ],
    "The number of deaths rose to 300.": [
        "The number of deaths rose to 300.",
    ],
    "The union of teachers, led by activist Paulo Reis, asked the state for help.": [
        "The union asked the state for help.",
        "The union of teachers asked the state for help.",
    ],
    "The series has 24 episodes and 12 million viewers.": [
        "The series has 24 episodes.",
    ],
    "The 52-year-old mayor of Lisbon opened the bridge at 14:30.": [
        "The mayor of Lisbon opened the bridge.",
    ],
    "He said he had not seen Ana, and Paulo left.": [
        "He said he had not seen Ana.",
    ],
    "Ana Duarte, accused of fraud by Paulo Reis, won the vote.": [
        "Ana Duarte won the vote.",
    ],
    "Nobody died, and the bridge opened.": [
        "Nobody died.",
    ],
    "She is the first woman to lead the club.": [
        "She is the first woman to lead the club.",
    ],
    "The army was destroyed by frost.": [
        "Frost destroyed the army.",
    ],
    "The airline will cut 500 jobs in Spain but add 300 in Portugal.": [
        "The airline will cut 500 jobs in Spain.",
    ],
    "A lorry hit a school bus near Graz, injuring nine children and the driver of the lorry.": [
        "A lorry hit a school bus near Graz, injuring nine children.",
    ],
    "Novak, who lost the final last year, beat Ruiz in straight sets to win his first title.": [
        "Novak beat Ruiz in straight sets to win his first title.",
    ],
    "The painting, once thought to be by Rubens, was sold for £2.4m in London.": [
        "The painting was sold for £2.4 million in London.",
    ],
    "Hungary, along with Slovakia, blocked the sanctions proposed by Estonia.": [
        "Hungary blocked the sanctions proposed by Estonia.",
    ],
    "The company's founder, Jan Vos, sold his shares two days before it filed for bankruptcy.": [
        "Jan Vos sold his shares.",
    ],
    "Greenpeace accused the ministry of hiding data on nitrates.": [
        "The ministry was accused of hiding data on nitrates by Greenpeace.",
    ],
    "The minister who had opposed the dam resigned on Friday, and engineer Ines Prado took over.": [
        "The minister resigned on Friday.",
        "Ines Prado took over.",
    ],
    "In Lisbon, Meyer opened the fair on Friday.": [
        "Meyer opened the fair in Lisbon.",
        "Meyer opened the fair on Friday.",
        "On Friday, Meyer opened the fair.",
    ],
    "The dam was built in 1962 and repaired in 1998.": [
        "The dam was repaired in 1998.",
    ],
    "Unlike her rival, Meyer supports the tax.": [
        "Meyer supports the tax.",
    ],
}
"""Each source sentence with shorter ones that it says."""

PARAPHRASED = {
    "The city council approved the new tram line on Tuesday after a six-hour debate.": [
        "The city council approved the new tram line on Tuesday.",
        "The council approved the tram line after a six-hour debate.",
        "On Tuesday, the city council approved the new tram line.",
        "The new tram line was approved by the city council on Tuesday.",
    ],
    "Scientists at the University of Oslo discovered a new species of frog in Borneo, according to a study.": [
        "Scientists at the University of Oslo discovered a new species of frog in Borneo.",
        "A new species of frog was discovered in Borneo by scientists at the University of Oslo.",
        "According to a study, scientists discovered a new species of frog in Borneo.",
    ],
    "Unemployment fell to 5.2 percent in March, the lowest level since 2008, the statistics office said.": [
        "Unemployment fell to 5.2% in March.",
        "In March, unemployment fell to 5.2 percent, the lowest level since 2008.",
        "The statistics office said unemployment fell to 5.2 percent in March.",
        "According to the statistics office, unemployment fell to 5.2 percent.",
    ],
    "The fire, which started in a bakery on Mill Street, spread to four neighbouring houses.": [
        "The fire started in a bakery on Mill Street.",
        "The fire spread to four neighboring houses.",
        "The fire spread to 4 neighbouring houses.",
    ],
    "Actor Lena Brandt, 34, will play the lead role in the series, which begins filming in Prague in September.": [
        "Lena Brandt will play the lead role in the series.",
        "The series begins filming in Prague in September.",
        "The lead role will be played by Lena Brandt.",
        "Actor Lena Brandt will play the lead role.",
    ],
    "The museum attracted 1.2 million visitors last year, 15 percent more than in 2023.": [
        "The museum attracted 1,200,000 visitors last year.",
        "Last year the museum attracted 1.2 million visitors.",
        "The museum had 1.2 million visitors last year.",
        "It attracted 1.2 million visitors last year.",
    ],
    "Police arrested two men on suspicion of stealing copper cables from the railway.": [
        "Police arrested two men on suspicion of stealing copper cables.",
        "Two men were arrested on suspicion of stealing copper cables from the railway.",
        "The police arrested 2 men.",
    ],
    "The company plans to invest about $2 billion in a battery plant near Leipzig that would employ 3,000 people.": [
        "The company plans to invest about $2 billion in a battery plant near Leipzig.",
        "The company plans to invest around 2 billion dollars in a battery plant.",
        "The battery plant would employ 3,000 people.",
        "The company plans to invest roughly $2bn in a plant near Leipzig.",
    ],
    "The orchestra's tour begins in Vienna on 12 October and ends in Madrid on 3 November.": [
        "The orchestra's tour begins in Vienna on October 12.",
        "The tour begins in Vienna and ends in Madrid.",
        "The orchestra's tour ends in Madrid on 3 November.",
        "The tour of the orchestra begins in Vienna.",
    ],
    "Heavy rain flooded dozens of streets in Genoa overnight, forcing schools to close.": [
        "Heavy rain flooded dozens of streets in Genoa.",
        "Heavy rain flooded dozens of streets in Genoa overnight and forced schools to close.",
        "Dozens of streets in Genoa were flooded by heavy rain.",
    ],
    "“We will not raise ticket prices,” said Marta Kowalska, the director of the theatre.": [
        "Marta Kowalska is the director of the theatre.",
        "“We will not raise ticket prices,” said Marta Kowalska.",
        "Marta Kowalska, the director of the theatre, said “We will not raise ticket prices”.",
    ],
    "The satellite was launched from Kourou on 4 May and entered orbit an hour later.": [
        "The satellite was launched from Kourou on May 4.",
        "The satellite entered orbit an hour later.",
    ],
    "The bill, which the senate passed by 52 votes to 48, now goes to the president.": [
        "The senate passed the bill by 52 votes to 48.",
        "The bill now goes to the president.",
        "The bill goes to the president.",
    ],
    "The 24-episode series was watched by more than 300 million people in its first week.": [
        "The series was watched by over 300 million people in its first week.",
        "The series has 24 episodes.",
        "More than 300 million people watched the series in its first week.",
    ],
    "Mayor Ana Duarte opened the new ferry terminal in Porto on Friday, which cost 40 million euros to build.": [
        "Ana Duarte opened the new ferry terminal in Porto on Friday.",
        "The ferry terminal cost 40 million euros to build.",
        "The new ferry terminal in Porto was opened by mayor Ana Duarte on Friday.",
    ],
    "The strike did not affect international flights, airport officials said.": [
        "The strike did not affect international flights.",
        "Airport officials said the strike didn't affect international flights.",
        "International flights were not affected by the strike.",
    ],
    "The river Elbe reached a level of 8.76 metres in Dresden, and thousands of people left their homes.": [
        "The Elbe reached a level of 8.76 metres in Dresden.",
        "Thousands of people left their homes.",
    ],
    "The novel has been translated into 18 languages and has sold 4 million copies worldwide.": [
        "The novel has been translated into eighteen languages.",
        "The novel sold 4 million copies worldwide.",
        "It has sold 4 million copies.",
    ],
    "Farmers in Tyrol lost half of their apple harvest to frost, and prices have risen by 18 percent.": [
        "Farmers in Tyrol lost half of their apple harvest to frost.",
        "Prices have risen by 18%.",
    ],
    "Parliament voted 210 to 154 to lift the immunity of Karel Horak, whom prosecutors suspect of taking bribes.": [
        "Parliament voted 210 to 154 to lift the immunity of Karel Horak.",
        "Parliament voted to lift the immunity of Karel Horak.",
        "Prosecutors suspect Karel Horak of taking bribes.",
    ],
    "The Danube rose to 7.1 metres in Passau, its highest since 2013, but stayed below the flood walls in Linz.": [
        "The Danube rose to 7.1 metres in Passau.",
        "The Danube rose to 7.1 metres in Passau, its highest since 2013.",
        "The Danube stayed below the flood walls in Linz.",
        "In Passau, the Danube rose to 7.1 metres.",
    ],
    "Singer Mira Toth cancelled her concert in Brno after doctors told her to rest, her agent Pavel Dusek said.": [
        "Mira Toth cancelled her concert in Brno after doctors told her to rest.",
        "Singer Mira Toth cancelled her concert in Brno.",
        "Her agent Pavel Dusek said Mira Toth cancelled her concert in Brno.",
        "According to her agent Pavel Dusek, Mira Toth cancelled her concert.",
    ],
    "Only two of the seven wells in the district still give water.": [
        "Only two of the seven wells in the district still give water.",
        "Only 2 of the 7 wells in the district still give water.",
        "Only two of seven wells in the district give water.",
    ],
    "The study of 4,000 nurses found no link between night shifts and cancer.": [
        "The study found no link between night shifts and cancer.",
        "The study of 4000 nurses found no link between night shifts and cancer.",
    ],
    "Inspectors closed the restaurant in March, and its owner, Li Wei, was fined 20,000 euros in June.": [
        "Inspectors closed the restaurant in March.",
        "Its owner, Li Wei, was fined 20,000 euros in June.",
        "Its owner was fined €20,000.",
        "The restaurant was closed by inspectors in March.",
        "Li Wei was fined 20,000 euros in June.",
    ],
    "The mother of the missing boy thanked volunteers who had searched the forest for three nights.": [
        "The mother of the missing boy thanked volunteers.",
        "Volunteers had searched the forest for three nights.",
        "The mother thanked volunteers who had searched the forest.",
    ],
    "Spain's Garcia finished second behind Italy's Rossi and ahead of Weber of Austria.": [
        "Garcia finished second behind Rossi.",
        "Spain's Garcia finished second behind Italy's Rossi.",
        "Garcia finished ahead of Weber of Austria.",
    ],
    "Ivanova said she would sue the newspaper unless it apologised.": [
        "Ivanova said she would sue the newspaper unless it apologised.",
    ],
    "The airport reopened at 6 a.m. on Sunday, nine hours after a drone was seen near its northern runway.": [
        "The airport reopened at 6 a.m. on Sunday.",
        "On Sunday, the airport reopened at 6 a.m.",
        "A drone was seen near its northern runway.",
        "The airport reopened on Sunday.",
    ],
    "The judge who convicted Bauer in 2010 resigned last week.": [
        "The judge who convicted Bauer resigned last week.",
        "The judge resigned last week.",
        "Last week, the judge who convicted Bauer in 2010 resigned.",
    ],
    "Two hikers were found alive on Mount Olympus on Tuesday after spending four days in a cave.": [
        "Two hikers were found alive on Mount Olympus.",
        "On Tuesday, two hikers were found alive after spending four days in a cave.",
        "Two hikers were found alive after four days in a cave.",
    ],
}
"""Each source sentence with faithful paraphrases, of which a share can be checked without a model."""
